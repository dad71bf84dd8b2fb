import { connect, type Socket } from 'node:net';
import { credentials, makeClientConstructor, type ServiceError, status as statusCode } from '@grpc/grpc-js';
import { describe, expect, it } from '@jest/globals';
import { ServingError } from '../../src/error/serving-error.js';
import type { Call } from '../../src/grpc/call.js';
import { RawClient } from '../support/grpc-client.js';
import { bidi, clientStream, serverStream, unary, untilCancelled } from '../support/grpc-methods.js';
import { serviceOf, startServer, until } from '../support/grpc-server.js';
import { grpcHeadersFrame, prefaceAndSettings, resetFrame } from '../support/h2-frames.js';

function dial(address: string): Socket & Disposable {
  const socket = connect(Number(address.split(':').pop()), '127.0.0.1');
  socket.on('error', () => undefined);
  return Object.assign(socket, { [Symbol.dispose]: () => socket.destroy() });
}

const greet = unary('Greet', async (name) => `hello ${name}`);
const count = serverStream('Count', async (upTo, call) => {
  for (let at = 1; at <= Number(upTo); at += 1) await call.send(String(at));
});
const join = clientStream('Join', async (words) => {
  const heard: string[] = [];
  for await (const word of words) heard.push(word);
  return heard.join(' ');
});
const shout = bidi('Shout', async (words, call) => {
  for await (const word of words) await call.send(word.toUpperCase());
});

describe('a call', () => {
  it('of each kind is answered, enters and leaves the door once and is observed once', async () => {
    await using at = await startServer([serviceOf(greet, count, join, shout)]);
    await using client = await RawClient.connect(at.address);
    const joining = client.open('/test.Test/Join');
    for (const word of ['a', 'b', 'c']) joining.send(word);
    joining.stream.end();
    const shouting = client.open('/test.Test/Shout');
    for (const word of ['x', 'y']) shouting.send(word);
    shouting.stream.end();
    const greeting = client.call('/test.Test/Greet', 'you');
    const counting = client.call('/test.Test/Count', '5');
    const answers = await Promise.all([greeting, counting, joining.answer, shouting.answer]);
    expect(answers.map(({ status }) => status)).toEqual([0, 0, 0, 0]);
    expect(answers.map(({ messages }) => messages.map(String))).toEqual([['hello you'], ['1', '2', '3', '4', '5'], ['a b c'], ['X', 'Y']]);
    await until(() => at.door.left === 4);
    expect([at.door.entered, at.door.inside.size, at.observer.ended]).toEqual([4, 0, [0, 0, 0, 0]]);
  });

  it("is understood by grpc-js's own client, error details and pushback included", async () => {
    const busy = unary('Busy', async () => {
      throw new ServingError('overloaded', 'too much – 100 %', { retryAfterMs: 40 });
    });
    await using at = await startServer([serviceOf(greet, busy)]);
    const path = (name: string) => ({
      path: `/test.Test/${name}`,
      requestStream: false,
      responseStream: false,
      requestSerialize: (text: string) => Buffer.from(text),
      requestDeserialize: String,
      responseSerialize: (text: string) => Buffer.from(text),
      responseDeserialize: (bytes: Buffer) => bytes.toString(),
    });
    const Client = makeClientConstructor({ Greet: path('Greet'), Busy: path('Busy') }, 'test.Test');
    const client = new Client(at.address, credentials.createInsecure());
    const call = (name: string) =>
      new Promise<string>((resolve, reject) => {
        client.makeUnaryRequest(
          `/test.Test/${name}`,
          (text: string) => Buffer.from(text),
          String,
          'you',
          (error: ServiceError | null, answer?: string) => (error === null ? resolve(answer ?? '') : reject(error)),
        );
      });
    await expect(call('Greet')).resolves.toBe('hello you');
    const refusal = (await call('Busy').catch((error: unknown) => error)) as ServiceError;
    client.close();
    expect([refusal.code, refusal.details]).toEqual([statusCode.RESOURCE_EXHAUSTED, 'too much – 100 %']);
    expect(refusal.metadata.get('grpc-retry-pushback-ms')).toEqual(['40']);
    expect(String(refusal.metadata.get('grpc-status-details-bin')[0])).toBe('overloaded');
  });

  it('shows the handler its path, peer, metadata, deadline and the time it came', async () => {
    let seen: Call | undefined;
    const look = unary('Look', async (_request, call) => {
      seen = call;
      return call.metadata.get('x-tag') ?? '';
    });
    await using at = await startServer([serviceOf(look)]);
    await using client = await RawClient.connect(at.address);
    const answer = await client.call('/test.Test/Look', '', { 'x-tag': 'blue', 'grpc-timeout': '10S' });
    expect(answer.messages.map(String)).toEqual(['blue']);
    expect(seen).toMatchObject({ path: '/test.Test/Look', target: undefined, span: undefined });
    expect(seen?.peer).toEqual({ address: `127.0.0.1:${client.session.socket.localPort}`, local: true });
    expect((seen?.deadline ?? 0) - (seen?.startedAt ?? 0)).toBe(10_000);
  });

  it('that fails with a foreign error is answered as internal, and the error is reported', async () => {
    const cause = new Error('secret /path');
    const fail = unary('Fail', () => Promise.reject(cause));
    const throwing = unary('Throw', () => {
      throw cause;
    });
    await using at = await startServer([serviceOf(fail, throwing)]);
    await using client = await RawClient.connect(at.address);
    for (const name of ['Fail', 'Throw']) {
      const { status, text } = await client.call(`/test.Test/${name}`, '');
      expect([status, text]).toEqual([13, 'internal error']);
    }
    expect(at.internalErrors).toEqual([cause, cause]);
  });

  it('whose request does not decode is INVALID_ARGUMENT', async () => {
    await using at = await startServer([serviceOf(greet, count, join, shout)]);
    await using client = await RawClient.connect(at.address);
    for (const name of ['Greet', 'Count', 'Join', 'Shout']) {
      const { status, text } = await client.call(`/test.Test/${name}`, 'malformed');
      expect([name, status, text]).toEqual([name, 3, 'malformed request: 9 bytes that are not a valid message']);
    }
    expect(at.internalErrors).toEqual([]);
  });

  it('with no message, or two, where one is due is UNIMPLEMENTED', async () => {
    await using at = await startServer([serviceOf(greet, count)]);
    await using client = await RawClient.connect(at.address);
    for (const name of ['Greet', 'Count']) {
      const none = client.open(`/test.Test/${name}`);
      none.stream.end();
      expect(await none.answer).toMatchObject({ status: 12, text: 'expected one request message, got none' });
      const two = client.open(`/test.Test/${name}`);
      two.send('1');
      two.send('2');
      two.stream.end();
      expect(await two.answer).toMatchObject({ status: 12, text: 'expected one request message, got more' });
    }
    await until(() => at.door.left === 4);
  });

  it('survives a text that cannot be encoded', async () => {
    const half = unary('Half', async () => {
      throw new ServingError('invalid_request', 'half \uD83D');
    });
    await using at = await startServer([serviceOf(half)]);
    await using client = await RawClient.connect(at.address);
    expect(await client.call('/test.Test/Half', '')).toMatchObject({ status: 3, text: 'half \uFFFD' });
  });

  it('that the handler ends early tells a client that goes on sending to stop', async () => {
    const first = clientStream('First', async (words) => {
      for await (const word of words) return word;
      return '';
    });
    await using at = await startServer([serviceOf(first)]);
    await using client = await RawClient.connect(at.address);
    const call = client.open('/test.Test/First');
    call.send('one');
    const { status, messages } = await call.answer;
    expect([status, messages.map(String)]).toEqual([0, ['one']]);
    await until(() => at.door.left === 1);
  });
});

describe('cancellation', () => {
  it('by the client reaches the handler', async () => {
    const reasons: string[] = [];
    let begun = 0;
    const wait = unary('Wait', async (_request, call) => {
      begun += 1;
      await untilCancelled(call).catch((reason: unknown) => reasons.push(ServingError.from(reason).code));
      return 'too late';
    });
    await using at = await startServer([serviceOf(wait)]);
    await using client = await RawClient.connect(at.address);
    const call = client.open('/test.Test/Wait');
    call.send('x');
    call.stream.end();
    await until(() => begun === 1);
    call.stream.close(8);
    await until(() => at.door.left === 1 && reasons.length === 1);
    expect([reasons, at.observer.ended]).toEqual([['cancelled'], [1]]);
  });

  it('of an unfinished request is no half-close: nothing is served, and a stream of requests does not just end', async () => {
    const reasons: string[] = [];
    let served = 0;
    const greetings = unary('Greet', async () => {
      served += 1;
      return '';
    });
    const listen = bidi('Listen', async (words) => {
      served += 1;
      try {
        for await (const word of words) reasons.push(word);
        reasons.push('ended');
      } catch (error) {
        reasons.push(ServingError.from(error).code);
      }
    });
    await using at = await startServer([serviceOf(greetings, listen)]);
    using socket = dial(at.address);
    const paths = ['/test.Test/Greet', '/test.Test/Listen'];
    const headers = paths.map((path, index) => grpcHeadersFrame(2 * index + 1, path));
    socket.write(Buffer.concat([prefaceAndSettings(), ...headers]));
    await until(() => at.door.entered === 2 && served === 1);
    socket.write(Buffer.concat([resetFrame(1, 8), resetFrame(3, 8)]));
    await until(() => at.door.left === 2 && reasons.length > 0);
    expect([served, reasons, at.observer.ended]).toEqual([1, ['cancelled'], [1, 1]]);
  });

  it('in the same breath as the call leaves nobody inside', async () => {
    await using at = await startServer([serviceOf(greet)]);
    using socket = dial(at.address);
    const frames = [1, 3, 5].flatMap((id) => [grpcHeadersFrame(id, '/test.Test/Greet'), resetFrame(id, 8)]);
    socket.write(Buffer.concat([prefaceAndSettings(), ...frames, grpcHeadersFrame(7, '/test.Test/Greet')]));
    await until(() => at.door.entered === 4 && at.door.inside.size === 1);
    socket.destroy();
    await until(() => at.door.inside.size === 0);
    expect(at.door.left).toBe(at.door.entered);
    expect(at.observer.ended).toHaveLength(at.door.entered);
  });

  it('says nothing to a handler whose call is over', async () => {
    const calls: Call[] = [];
    const keep = unary('Keep', async (_request, call) => {
      calls.push(call);
      return '';
    });
    await using at = await startServer([serviceOf(keep)]);
    await using client = await RawClient.connect(at.address);
    await client.call('/test.Test/Keep', '');
    await until(() => at.door.left === 1);
    expect(calls[0]?.signal.reason).toBeUndefined();
  });

  it('of a connection cancels every call on it', async () => {
    let waiting = 0;
    const wait = serverStream('Wait', (_request, call) => {
      waiting += 1;
      return untilCancelled(call);
    });
    await using at = await startServer([serviceOf(wait)]);
    await using client = await RawClient.connect(at.address);
    for (let calls = 0; calls < 5; calls += 1) void client.call('/test.Test/Wait', '');
    await until(() => waiting === 5);
    client.session.destroy();
    await until(() => at.door.left === 5);
  });
});

describe('back-pressure', () => {
  it('makes a handler wait for a reader that does not read, and lets it go on when it does', async () => {
    const MESSAGE = 'x'.repeat(16 * 1024);
    const TOTAL = 400;
    let sent = 0;
    let full = 0;
    const pour = serverStream('Pour', async (_request, call) => {
      for (; sent < TOTAL; sent += 1) {
        full = sent;
        await call.send(MESSAGE);
      }
    });
    await using at = await startServer([serviceOf(pour)]);
    await using client = await RawClient.connect(at.address);
    const call = client.open('/test.Test/Pour');
    call.stream.pause();
    call.send('');
    call.stream.end();
    // The client's window of 64 KiB takes three whole messages; the fourth is stuck in it.
    await until(() => full === 3);
    for (let turn = 0; turn < 200; turn += 1) await new Promise((resolve) => setImmediate(resolve));
    expect(sent).toBe(3);
    call.stream.resume();
    const { status, messages } = await call.answer;
    expect([status, messages.length, sent]).toEqual([0, TOTAL, TOTAL]);
  });

  it('ends with the reason when the reader that does not read goes', async () => {
    let stopped: unknown;
    let sent = 0;
    const pour = serverStream('Pour', async (_request, call) => {
      try {
        for (;;) {
          await call.send('x'.repeat(64 * 1024));
          sent += 1;
        }
      } catch (error) {
        stopped = error;
        throw error;
      }
    });
    await using at = await startServer([serviceOf(pour)]);
    await using client = await RawClient.connect(at.address);
    const call = client.open('/test.Test/Pour');
    call.stream.pause();
    call.send('');
    call.stream.end();
    await until(() => at.door.entered === 1 && at.observer.ended.length === 0);
    for (let turn = 0; turn < 100; turn += 1) await new Promise((resolve) => setImmediate(resolve));
    call.stream.close(8);
    await until(() => stopped !== undefined);
    expect(stopped).toMatchObject({ code: 'cancelled' });
    expect(sent).toBeLessThan(5);
    await until(() => at.door.left === 1);
  });

  it('does not read a client stream faster than the handler does', async () => {
    let taken = 0;
    const go: (() => void)[] = [];
    const slow = clientStream('Slow', async (words) => {
      for await (const word of words) {
        taken += word.length;
        await new Promise<void>((resolve) => go.push(resolve));
      }
      return String(taken);
    });
    await using at = await startServer([serviceOf(slow)]);
    await using client = await RawClient.connect(at.address);
    const call = client.open('/test.Test/Slow');
    const MESSAGE = 'x'.repeat(256 * 1024);
    const TOTAL = 32;
    for (let sent = 0; sent < TOTAL; sent += 1) call.send(MESSAGE);
    call.stream.end();
    await until(() => go.length === 1);
    for (let turn = 0; turn < 200; turn += 1) await new Promise((resolve) => setImmediate(resolve));
    expect(taken).toBe(MESSAGE.length);
    // Most of the 8 MiB are still with the client: the window is 1 MiB.
    expect(call.stream.writableLength).toBeGreaterThan(4 * 1024 * 1024);
    while (taken < TOTAL * MESSAGE.length) {
      await until(() => go.length > 0);
      go.shift()?.();
    }
    go.shift()?.();
    await until(() => {
      go.shift()?.();
      return at.door.left === 1;
    });
    expect(await call.answer).toMatchObject({ status: 0 });
  });
});

describe('a bidirectional stream whose handler fails', () => {
  it('tells so whoever still waits to write to a client that does not read', async () => {
    const failure = new ServingError('overloaded', 'enough', { retryAfterMs: 1 });
    const reasons: unknown[] = [];
    const fail = bidi('Fail', async (_requests, call) => {
      call.send('x'.repeat(1024 * 1024)).catch((reason: unknown) => reasons.push(reason));
      throw failure;
    });
    await using at = await startServer([serviceOf(fail)]);
    await using client = await RawClient.connect(at.address);
    const headers = { ':method': 'POST', ':path': '/test.Test/Fail', 'content-type': 'application/grpc', te: 'trailers' };
    // Nobody listens to its data: all but the stream's window stays with the server.
    const stream = client.session.request(headers, { endStream: false });
    stream.on('error', () => undefined);
    await until(() => reasons.length === 1);
    expect(reasons).toEqual([failure]);
    stream.close();
    await until(() => at.door.left === 1);
    expect(at.observer.ended).toEqual([8]);
  });
});

describe('a thousand calls', () => {
  it('leave nothing behind', async () => {
    await using at = await startServer([serviceOf(greet, count)]);
    await using client = await RawClient.connect(at.address);
    for (let calls = 0; calls < 500; calls += 1) {
      await client.call('/test.Test/Greet', 'you', { 'grpc-timeout': '1H' });
      await client.call('/test.Test/Count', '3', { 'grpc-timeout': '1H' });
    }
    await until(() => at.door.left === 1000);
    expect([at.wheel.size, at.door.inside.size, at.observer.ended.length]).toEqual([0, 0, 1000]);
    const { session } = client;
    const listeners = session.eventNames().reduce((sum, name) => sum + session.listenerCount(name), 0);
    expect(listeners).toBeLessThan(20);
  });
});
