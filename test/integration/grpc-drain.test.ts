import { once } from 'node:events';
import { connect } from 'node:net';
import { describe, expect, it } from '@jest/globals';
import { ServingError } from '../../src/error/serving-error.js';
import { frame, type GrpcAnswer, RawClient } from '../support/grpc-client.js';
import { bidi, serverStream, unary, untilCancelled } from '../support/grpc-methods.js';
import { serviceOf, startServer, until } from '../support/grpc-server.js';
import {
  dataFrame,
  endsStream,
  FRAME_TYPE,
  framesOf,
  grpcHeadersFrame,
  lastStreamOf,
  pingAckFrame,
  prefaceAndSettings,
} from '../support/h2-frames.js';
import { ManualClock } from '../support/manual-clock.js';

const NEVER = new AbortController().signal;
const EVERY_STREAM = 2 ** 31 - 1;

/** Calls that are answered when the test says so. */
function gate() {
  const waiting: (() => void)[] = [];
  const method = unary('Wait', async (request) => {
    await new Promise<void>((resolve) => waiting.push(resolve));
    return request;
  });
  const release = () => {
    for (const go of waiting.splice(0)) go();
  };
  return { method, waiting, release };
}

describe('drain', () => {
  it('of an idle server ends at once and closes its connections', async () => {
    await using at = await startServer([serviceOf(gate().method)]);
    await using client = await RawClient.connect(at.address);
    const closed = once(client.session, 'close');
    await at.server.drain(NEVER);
    await closed;
    await expect(RawClient.connect(at.address)).rejects.toThrow();
  });

  it('answers every accepted call', async () => {
    const { method, waiting, release } = gate();
    await using at = await startServer([serviceOf(method)]);
    await using client = await RawClient.connect(at.address);
    const goaways: number[] = [];
    client.session.on('goaway', (_code: number, lastStream: number) => goaways.push(lastStream));
    const answers = ['a', 'b', 'c'].map((text) => client.call('/test.Test/Wait', text));
    await until(() => waiting.length === 3);
    let drained = false;
    const draining = at.server.drain(NEVER).then(() => {
      drained = true;
    });
    await until(() => goaways.length === 2);
    expect(goaways).toEqual([EVERY_STREAM, 5]);
    expect(drained).toBe(false);
    release();
    const results = await Promise.all(answers);
    expect(results.map(({ status, messages }) => [status, String(messages[0])])).toEqual([
      [0, 'a'],
      [0, 'b'],
      [0, 'c'],
    ]);
    await draining;
    expect(at.door.left).toBe(3);
  });

  it('serves what is sent before the client has heard of it: between the two GOAWAYs', async () => {
    const greet = unary('Greet', async () => 'hello');
    const { method, waiting, release } = gate();
    await using at = await startServer([serviceOf(greet, method)]);
    const socket = connect(Number(at.address.split(':').pop()), '127.0.0.1');
    let received = Buffer.alloc(0);
    socket.on('data', (chunk: Buffer) => {
      received = Buffer.concat([received, chunk]);
    });
    const seen = (type: number) => framesOf(received).filter((one) => one.type === type && (type !== FRAME_TYPE.ping || one.flags === 0));
    const request = (id: number, path: string) => Buffer.concat([grpcHeadersFrame(id, path), dataFrame(id, frame(''), true)]);
    socket.write(Buffer.concat([prefaceAndSettings(), request(1, '/test.Test/Wait')]));
    await until(() => waiting.length === 1);
    const drained = at.server.drain(NEVER);
    await until(() => seen(FRAME_TYPE.ping).length === 1);
    expect(seen(FRAME_TYPE.goaway).map(lastStreamOf)).toEqual([EVERY_STREAM]);
    socket.write(request(3, '/test.Test/Greet'));
    await until(() => at.observer.ended.length === 1);
    socket.write(pingAckFrame(seen(FRAME_TYPE.ping)[0]?.payload ?? Buffer.alloc(8)));
    await until(() => seen(FRAME_TYPE.goaway).length === 2);
    expect(seen(FRAME_TYPE.goaway).map(lastStreamOf)).toEqual([EVERY_STREAM, 3]);
    release();
    await drained;
    await until(() => socket.destroyed || socket.readableEnded);
    const ended = framesOf(received).filter(endsStream);
    expect(ended.map(({ streamId }) => streamId)).toEqual([3, 1]);
    expect(seen(FRAME_TYPE.reset)).toEqual([]);
    socket.destroy();
  });

  it('does not wait for ever for a client that does not answer the ping', async () => {
    const clock = new ManualClock();
    await using at = await startServer([serviceOf(gate().method)], {}, clock);
    const socket = connect(Number(at.address.split(':').pop()), '127.0.0.1');
    const ended = once(socket, 'close');
    // One that is connected and silent: it will never answer anything.
    await once(socket, 'data');
    const drained = at.server.drain(NEVER);
    clock.advance(1000);
    socket.resume();
    await drained;
    await ended;
  });

  it('loses nothing under load', async () => {
    const echo = unary('Echo', async (text) => {
      await new Promise((resolve) => setImmediate(resolve));
      return text;
    });
    for (let round = 0; round < 5; round += 1) {
      await using at = await startServer([serviceOf(echo)]);
      const clients = await Promise.all(Array.from({ length: 4 }, () => RawClient.connect(at.address)));
      const outcomes = clients.map(async (client) => {
        let lastStream = Infinity;
        client.session.on('goaway', (_code: number, last: number) => {
          lastStream = last;
        });
        const answers: { readonly id: number; readonly answer: Promise<GrpcAnswer> }[] = [];
        const closed = once(client.session, 'close');
        while (!client.session.closed && !client.session.destroyed) {
          const call = client.open('/test.Test/Echo');
          call.stream.end(frame('x'));
          answers.push({ id: call.stream.id ?? 0, answer: call.answer });
          await new Promise((resolve) => setImmediate(resolve));
        }
        await closed;
        const results = await Promise.all(answers.map(async ({ id, answer }) => ({ id, status: (await answer).status })));
        return { lost: results.filter(({ id, status }) => id <= lastStream && status !== 0), answered: results.length, lastStream };
      });
      await until(() => at.door.left > 50);
      await at.server.drain(NEVER);
      for (const { lost, answered, lastStream } of await Promise.all(outcomes)) {
        expect(lost).toEqual([]);
        expect(answered).toBeGreaterThan(0);
        expect(lastStream).toBeLessThan(EVERY_STREAM);
      }
      expect([at.door.inside.size, at.observer.ended.filter((status) => status !== 0)]).toEqual([0, []]);
    }
  });

  it('ends open streams that would never end, but only once all inference is done', async () => {
    const reasons: string[] = [];
    const watch = serverStream(
      'Watch',
      async (_request, call) => {
        await call.send('now');
        await untilCancelled(call).catch((reason: unknown) => reasons.push(ServingError.from(reason).code));
      },
      'open',
    );
    const ask = bidi(
      'Ask',
      async (questions) => {
        for await (const question of questions) reasons.push(question);
      },
      'open',
    );
    const { method, waiting, release } = gate();
    await using at = await startServer([serviceOf(watch, ask, method)]);
    await using watcher = await RawClient.connect(at.address);
    await using caller = await RawClient.connect(at.address);
    const watching = watcher.call('/test.Test/Watch', '');
    const asking = watcher.open('/test.Test/Ask');
    const answer = caller.call('/test.Test/Wait', 'a');
    await until(() => waiting.length === 1 && at.door.entered === 3);
    const goneAway = once(caller.session, 'goaway');
    const drained = at.server.drain(NEVER);
    await goneAway;
    for (let turn = 0; turn < 100; turn += 1) await new Promise((resolve) => setImmediate(resolve));
    expect(at.observer.ended).toEqual([]);
    release();
    expect((await answer).status).toBe(0);
    const ends = await Promise.all([watching, asking.answer]);
    expect(ends.map(({ status, text }) => [status, text])).toEqual([
      [14, 'the server is draining'],
      [14, 'the server is draining'],
    ]);
    await drained;
    expect([reasons, at.door.left]).toEqual([['draining'], 3]);
  });

  it('ends inference streams as each becomes idle, though other inference is under way', async () => {
    const gates: (() => void)[] = [];
    const talk = bidi('Talk', async (requests, call) => {
      call.idle = true;
      for await (const request of requests) {
        call.idle = false;
        await new Promise<void>((resolve) => gates.push(resolve));
        await call.send(request);
        call.idle = true;
      }
    });
    const { method, waiting, release } = gate();
    await using at = await startServer([serviceOf(talk, method)]);
    await using client = await RawClient.connect(at.address);
    const [silent, asking] = [client.open('/test.Test/Talk'), client.open('/test.Test/Talk')];
    asking.send('question');
    const answer = client.call('/test.Test/Wait', 'a');
    await until(() => gates.length === 1 && waiting.length === 1 && at.door.entered === 3);
    const drained = at.server.drain(NEVER);
    expect(await silent.answer).toMatchObject({ status: 14, text: 'the server is draining', messages: [] });
    expect(at.observer.ended).toEqual([14]);
    gates[0]?.();
    const { status, messages } = await asking.answer;
    expect([status, messages.map(String)]).toEqual([14, ['question']]);
    expect(at.observer.ended).toEqual([14, 14]);
    release();
    expect((await answer).status).toBe(0);
    await drained;
    expect([at.door.inside.size, at.door.left]).toEqual([0, 3]);
  });

  it('that runs out of time breaks off what is left, and the handlers hear of it', async () => {
    let reason: ServingError | undefined;
    const stuck = unary('Stuck', (_request, call) => {
      call.signal.subscribe({ onCancel: (given) => (reason = given) });
      return new Promise(() => undefined);
    });
    await using at = await startServer([serviceOf(stuck)]);
    await using client = await RawClient.connect(at.address);
    const answer = client.call('/test.Test/Stuck', '');
    await until(() => at.door.entered === 1);
    const timeout = new AbortController();
    const drained = at.server.drain(timeout.signal);
    expect(at.server.drain(NEVER)).toBe(drained);
    timeout.abort();
    await drained;
    expect((await answer).status).toBeUndefined();
    await until(() => at.door.left === 1);
    expect(reason?.code).toBe('draining');
  });

  it('and close can be asked for in any order, any number of times', async () => {
    await using at = await startServer([serviceOf(gate().method)]);
    await Promise.all([at.server.close(), at.server.close()]);
    await at.server.drain(NEVER);
    await at.server.close();
  });
});
