import { deflateSync, gzipSync } from 'node:zlib';
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { ServingError } from '../../../../src/error/serving-error.js';
import type { CarriedCall } from '../../../../src/grpc/carrier.js';
import type { MetadataField } from '../../../../src/grpc/metadata-field.js';
import { Assemblies } from '../../../../src/grpc/native/assemblies.js';
import { AssemblyShare } from '../../../../src/grpc/native/assembly-share.js';
import { Decompressor, type MessageEncoding } from '../../../../src/grpc/native/compression.js';
import { MessageMemory } from '../../../../src/grpc/native/message-memory.js';
import { NativeCarrier } from '../../../../src/grpc/native/native-carrier.js';
import { Turns } from '../../../../src/grpc/native/turns.js';
import type { CallStatus } from '../../../../src/wire/status.js';
import { FakeStreamHost } from '../../../support/fake-stream-host.js';
import { frame } from '../../../support/grpc-client.js';
import { until } from '../../../support/grpc-server.js';
import { ManualClock } from '../../../support/manual-clock.js';

const MAX_MESSAGE_BYTES = 100_000;
const BUDGET_BYTES = 150_000;
const TIMEOUT_MS = 1000;

/** Keeps what it is told. Answers a body that cannot be read at once, as calls do. */
class FakeCall implements CarriedCall {
  isSingleRequest = false;
  readonly heard: string[] = [];
  addedHeaders: MetadataField[] | undefined;
  addedTrailers: MetadataField[] | undefined;
  gone = 0;
  carrier: NativeCarrier | undefined;
  /** What is done with each message beyond keeping it. */
  handle: (text: string) => void = () => undefined;

  onStart(): void {}

  onMessage(message: Buffer): void {
    this.heard.push(message.toString());
    this.handle(message.toString());
  }

  onHalfClose(): void {
    this.heard.push('END');
  }

  onUnreadable(status: CallStatus): void {
    this.heard.push(`${status.code} ${status.message}`);
    this.carrier?.end(status);
  }

  abandon(reason: ServingError): void {
    this.heard.push(`${reason.code} ${reason.message}`);
    this.carrier?.end({ code: 8, message: reason.message });
  }

  onGone(said: number | undefined): void {
    if (said !== undefined) throw new Error('this transport says no status by itself');
    this.gone += 1;
  }
}

function setUp(encoding: MessageEncoding = 'identity') {
  const clock = new ManualClock();
  const assemblies = new Assemblies(BUDGET_BYTES, TIMEOUT_MS, clock);
  const decompressor = new Decompressor(MAX_MESSAGE_BYTES, new Turns());
  const memory = new MessageMemory();
  const host = { maxMessageBytes: MAX_MESSAGE_BYTES, assemblies: new AssemblyShare(assemblies), decompressor, memory };
  const other = () => {
    const client = new FakeStreamHost();
    const call = new FakeCall();
    const carrier = new NativeCarrier(client.stream, call, host, encoding);
    client.stream.listener = carrier;
    call.carrier = carrier;
    return { client, call, carrier };
  };
  return { ...other(), other, clock, assemblies, decompressor, memory };
}

const OK: CallStatus = { code: 0, message: 'OK' };
const HEAD = ':status: 200\ncontent-type: application/grpc+proto\ngrpc-accept-encoding: identity,deflate,gzip';
const TRAILERS = 'grpc-status: 0';

function prefixed(text: string): string {
  return frame(text).toString('latin1');
}

describe('NativeCarrier, reading', () => {
  it('tells of a message when it is asked for one, and of the half-close behind the last', () => {
    const { client, call, carrier } = setUp();
    client.give(frame('a'), frame('b'));
    client.end();
    expect(call.heard).toEqual([]);
    carrier.read();
    expect(call.heard).toEqual(['a']);
    carrier.read();
    expect(call.heard).toEqual(['a', 'b']);
    carrier.read();
    expect(call.heard).toEqual(['a', 'b', 'END']);
    expect(client.consumedBytes).toBe(client.givenBytes);
  });

  it('gives the window of what nobody has asked for back only when it is read', () => {
    const { client, carrier } = setUp();
    client.give(frame('abc'), frame('defg'));
    expect(client.consumedBytes).toBe(0);
    carrier.read();
    expect(client.consumedBytes).toBe(8);
    carrier.read();
    expect(client.consumedBytes).toBe(17);
  });

  it('may be asked for the next message while it tells of one', () => {
    const { client, call, carrier } = setUp();
    call.handle = () => carrier.read();
    carrier.read();
    client.give(frame('a'), frame('b'), frame(''), frame('c').subarray(0, 3));
    client.give(frame('c').subarray(3));
    client.end();
    expect(call.heard).toEqual(['a', 'b', '', 'c', 'END']);
    expect(client.consumedBytes).toBe(client.givenBytes);
  });

  it('has the window opened for the rest of a message that comes in parts', () => {
    const { client, carrier } = setUp();
    carrier.read();
    const bytes = frame('x'.repeat(50_000));
    client.give(bytes.subarray(0, 5));
    client.give(bytes.subarray(5, 1000));
    client.give(bytes.subarray(1000));
    expect(client.expected).toEqual([49_005]);
  });

  it.each([
    ['a prefix', frame('abc').subarray(0, 2)],
    ['the prefix alone', frame('abc').subarray(0, 5)],
    ['a message', frame('abc').subarray(0, 7)],
  ])('ends a request that ends inside %s with INTERNAL', (_what, bytes) => {
    const { client, call, carrier, assemblies } = setUp();
    carrier.read();
    client.give(bytes);
    client.end();
    expect(call.heard).toEqual(['13 the request ends inside a message']);
    expect([call.gone, client.consumedBytes, assemblies.freeBytes]).toEqual([1, client.givenBytes, BUDGET_BYTES]);
  });

  it('ends a request with a message over the limit on its prefix', () => {
    const { client, call, carrier, assemblies } = setUp();
    carrier.read();
    client.give(Buffer.from([0, 0x7f, 0xff, 0xff, 0xff]));
    expect(call.heard).toEqual([`8 Received message larger than max (2147483647 vs ${MAX_MESSAGE_BYTES})`]);
    client.give(Buffer.alloc(1000));
    expect([call.gone, client.consumedBytes, assemblies.freeBytes]).toEqual([1, client.givenBytes, BUDGET_BYTES]);
  });

  it('reads nothing behind a malformed message, though its call cannot be answered yet', () => {
    const { client, call, carrier } = setUp();
    client.isHeld = true;
    carrier.write(Buffer.from('answer'), () => undefined);
    carrier.read();
    client.give(Buffer.from([7, 0, 0, 0, 0]), frame('never'));
    client.give(frame('heard'));
    client.end();
    expect(call.heard).toEqual(['13 a message begins with the byte 7, expected 0 or 1']);
    client.release();
    expect([call.gone, client.consumedBytes]).toEqual([1, client.givenBytes]);
  });

  it('gives back what lies behind the message at which its call is answered, once', () => {
    for (const isKept of [false, true]) {
      const { client, call, carrier } = setUp();
      call.handle = () => carrier.end(OK);
      if (!isKept) carrier.read();
      client.give(frame('a'), frame('behind'), frame('and more').subarray(0, 8));
      if (isKept) carrier.read();
      expect([call.heard, call.gone]).toEqual([['a'], 1]);
      expect(client.consumedBytes).toBe(client.givenBytes);
      client.give(frame('late'));
      expect(client.consumedBytes).toBe(client.givenBytes);
    }
  });

  it('answers a mistake in what it tells of a message with an internal error', () => {
    const { client, call, carrier } = setUp();
    call.handle = () => {
      throw new TypeError('undefined is not a function');
    };
    carrier.read();
    client.give(frame('a'), frame('b'));
    expect(call.heard).toEqual(['a', 'internal internal error']);
    expect([client.errors, call.gone, client.consumedBytes]).toEqual([[], 1, client.givenBytes]);
  });
});

describe('NativeCarrier, decompressing', () => {
  it.each([
    ['gzip', gzipSync],
    ['deflate', deflateSync],
  ] as const)('tells of messages of %s in their order, plain ones between them', async (encoding, pack) => {
    const { client, call, carrier } = setUp(encoding);
    call.handle = () => carrier.read();
    carrier.read();
    client.give(frame(pack('x'.repeat(50_000)), true), frame('plain'), frame(pack('last'), true));
    client.end();
    await until(() => call.heard.includes('END'));
    expect(call.heard).toEqual(['x'.repeat(50_000), 'plain', 'last', 'END']);
    expect(client.consumedBytes).toBe(client.givenBytes);
  });

  it.each([
    ['a bomb', gzipSync(Buffer.alloc(50_000_000)), `8 Received message that decompresses to a size larger than ${MAX_MESSAGE_BYTES}`],
    ['garbage', Buffer.from('garbage'), '13 Failed to decompress message'],
    ['nothing', Buffer.alloc(0), '13 Failed to decompress message'],
  ])('ends a request with %s', async (_what, message, says) => {
    const { client, call, carrier } = setUp('gzip');
    carrier.read();
    client.give(frame(message, true), frame('behind'));
    await until(() => call.heard.length > 0);
    expect([call.heard, call.gone, client.consumedBytes]).toEqual([[says], 1, client.givenBytes]);
  });

  it('ends a request with a message that is marked as compressed where no encoding was named', async () => {
    const { client, call, carrier } = setUp();
    carrier.read();
    client.give(frame('plain', true));
    await until(() => call.heard.length > 0);
    expect(call.heard).toEqual(['13 a message is marked as compressed, but no grpc-encoding is named']);
  });

  it('tells nothing to a call that went meanwhile', async () => {
    const { client, call, carrier, decompressor } = setUp('gzip');
    carrier.read();
    client.give(frame(gzipSync('a'), true), frame('b'));
    client.drop();
    // By then it has had its turn.
    await decompressor.decompress(gzipSync('c'.repeat(10_000)), 'gzip', { isDeaf: false });
    expect([call.heard, call.gone, client.consumedBytes]).toEqual([[], 1, client.givenBytes]);
  });
});

describe('NativeCarrier, writing', () => {
  it('sends headers, messages and trailers', () => {
    const { client, call, carrier } = setUp();
    carrier.write(Buffer.from('a'), () => undefined);
    carrier.write(Buffer.from('bc'), () => undefined);
    carrier.end(OK);
    expect(client.sent).toEqual([HEAD, prefixed('a'), prefixed('bc'), TRAILERS]);
    expect(call.gone).toBe(1);
  });

  it('sends a status alone as Trailers-Only', () => {
    const { client, call, carrier } = setUp();
    carrier.end({ code: 5, message: 'no such – thing' });
    expect(client.sent).toEqual([`${HEAD}\ngrpc-status: 5\ngrpc-message: no such %E2%80%93 thing`]);
    expect(call.gone).toBe(1);
  });

  it('keeps the prefixes of messages that wait apart', () => {
    const { client, carrier, other } = setUp();
    client.isHeld = true;
    carrier.write(Buffer.from('a'), () => undefined);
    other().carrier.write(Buffer.from('longer'), () => undefined);
    client.release();
    expect(client.sent).toEqual([HEAD, prefixed('a')]);
  });

  it('is full while something waits, and says when all of it is out', () => {
    const { client, call, carrier } = setUp();
    const told: string[] = [];
    client.isHeld = true;
    carrier.write(Buffer.from('abc'), () => told.push(`written, full: ${carrier.isFull}`));
    expect([carrier.isFull, carrier.unsentBytes, told]).toEqual([true, 8, []]);
    client.release();
    expect([carrier.isFull, carrier.unsentBytes, told]).toEqual([false, 0, ['written, full: false']]);
    carrier.write(Buffer.from('d'), () => told.push('never'));
    expect([told.length, call.gone]).toEqual([1, 0]);
  });

  it('is gone when the trailers are out behind what waited', () => {
    const { client, call, carrier } = setUp();
    client.isHeld = true;
    carrier.write(Buffer.from('abc'), () => undefined);
    carrier.end(OK);
    expect(call.gone).toBe(0);
    client.release();
    expect([client.sent, call.gone]).toEqual([[HEAD, prefixed('abc'), TRAILERS], 1]);
  });

  it('uses the memory of a released request again at once, and that of its answer once it is written', () => {
    const { client, call, carrier, memory } = setUp();
    call.onMessage = (message) => {
      const answer = memory.take(40_000).subarray(0, 40_000);
      carrier.write(answer, () => undefined);
      carrier.release(message, answer);
      carrier.end(OK);
    };
    client.isHeld = true;
    client.stream.remoteClosed = true;
    carrier.read();
    client.give(frame('x'.repeat(20_000)));
    expect([call.gone, memory.freeBytes, client.afterWrites.length]).toEqual([0, 32 * 1024, 0]);
    client.release();
    expect([call.gone, memory.freeBytes, client.afterWrites.length]).toEqual([1, 32 * 1024, 1]);
    for (const onWritten of client.afterWrites) onWritten();
    expect(memory.freeBytes).toBe((32 + 64) * 1024);
  });

  it('keeps the memory of a request whose answer lies in it until that is written', () => {
    const { client, call, carrier, memory } = setUp();
    call.onMessage = (message) => {
      carrier.write(message.subarray(5), () => undefined);
      carrier.release(message, message.subarray(5));
      carrier.end(OK);
    };
    client.stream.remoteClosed = true;
    carrier.read();
    client.give(frame('x'.repeat(20_000)));
    expect([call.gone, memory.freeBytes]).toEqual([1, 0]);
    for (const onWritten of client.afterWrites) onWritten();
    expect(memory.freeBytes).toBe(32 * 1024);
  });

  it('leaves the memory of a request alone that nobody released', () => {
    const { client, call, carrier, memory } = setUp();
    carrier.read();
    client.give(frame('x'.repeat(20_000)));
    carrier.end(OK);
    expect([call.gone, memory.freeBytes]).toEqual([1, 0]);
  });

  it('resets the stream where what waits is given up', () => {
    const { client, call, carrier } = setUp();
    client.isHeld = true;
    carrier.write(Buffer.from('abc'), () => undefined);
    carrier.end(OK);
    carrier.abort();
    carrier.abort();
    expect([client.resets, call.gone]).toEqual([[8], 1]);
  });

  it('does nothing for a call that is gone', () => {
    const { client, call, carrier } = setUp();
    client.drop();
    carrier.write(Buffer.from('a'), () => undefined);
    carrier.end(OK);
    carrier.read();
    expect([client.sent, carrier.isFull, call.heard, call.gone]).toEqual([[], false, [], 1]);
  });
});

describe('NativeCarrier, with messages in part', () => {
  const HALF = frame('x'.repeat(90_000)).subarray(0, 50_000);

  it('counts what they hold until they are complete', () => {
    const { client, call, carrier, assemblies } = setUp();
    carrier.read();
    const bytes = frame('x'.repeat(90_000));
    client.give(bytes.subarray(0, 5));
    expect(assemblies.freeBytes).toBe(BUDGET_BYTES);
    client.give(bytes.subarray(5, 100));
    expect(assemblies.freeBytes).toBe(BUDGET_BYTES - 4096);
    client.give(bytes.subarray(100));
    expect([assemblies.freeBytes, call.heard[0]?.length]).toEqual([BUDGET_BYTES, 90_000]);
  });

  it('counts a complete request on until its half-close, what it was decompressed to included', async () => {
    const { client, call, carrier, assemblies } = setUp();
    call.isSingleRequest = true;
    carrier.read();
    client.give(frame('x'.repeat(90_000)));
    carrier.read();
    expect([call.heard.length, assemblies.freeBytes]).toEqual([1, BUDGET_BYTES - 90_000]);
    client.end();
    expect([call.heard.at(-1), assemblies.freeBytes]).toEqual(['END', BUDGET_BYTES]);
    const packed = setUp('gzip');
    packed.call.isSingleRequest = true;
    packed.carrier.read();
    packed.client.give(frame(gzipSync(Buffer.alloc(90_000)), true));
    await until(() => packed.call.heard.length === 1);
    packed.carrier.read();
    expect(packed.assemblies.freeBytes).toBe(BUDGET_BYTES - 90_000);
    packed.client.drop();
    expect(packed.assemblies.freeBytes).toBe(BUDGET_BYTES);
  });

  it('counts nothing of a request whose end is there, nor of a message of a stream', () => {
    const { client, call, carrier, assemblies } = setUp();
    client.give(frame('x'.repeat(90_000)));
    carrier.read();
    expect([call.heard.length, assemblies.freeBytes]).toEqual([1, BUDGET_BYTES]);
    const ended = setUp();
    ended.call.isSingleRequest = true;
    ended.client.give(frame('x'.repeat(90_000)));
    ended.client.end();
    ended.carrier.read();
    expect([ended.call.heard.length, ended.assemblies.freeBytes]).toEqual([1, BUDGET_BYTES]);
  });

  it('refuses one that is over what all of them may hold', () => {
    const { client, carrier, assemblies, other } = setUp();
    carrier.read();
    client.give(HALF);
    const refused = other();
    refused.carrier.read();
    refused.client.give(HALF);
    expect(refused.call.heard).toEqual(['overloaded too many bytes of incomplete requests are held']);
    expect([refused.call.gone, refused.client.consumedBytes]).toEqual([1, HALF.length]);
    client.drop();
    expect(assemblies.freeBytes).toBe(BUDGET_BYTES);
  });

  it('gives up one that takes too long', () => {
    const { client, call, carrier, assemblies, clock } = setUp();
    carrier.read();
    client.give(HALF);
    clock.advance(TIMEOUT_MS - 1);
    assemblies.expire();
    expect(call.heard).toEqual([]);
    clock.advance(1);
    assemblies.expire();
    expect(call.heard).toEqual(['deadline_exceeded a request message did not arrive completely within 1 s']);
    expect([call.gone, client.consumedBytes, assemblies.freeBytes]).toEqual([1, client.givenBytes, BUDGET_BYTES]);
  });

  it('lets go of one when its call is answered, though the answer waits', () => {
    const { client, call, carrier, assemblies } = setUp();
    carrier.read();
    client.give(HALF);
    client.isHeld = true;
    carrier.write(Buffer.from('enough'), () => undefined);
    carrier.end(OK);
    expect([call.gone, assemblies.freeBytes]).toEqual([0, BUDGET_BYTES]);
  });
});

describe('NativeCarrier, whatever happens', () => {
  type Step = 'give' | 'read' | 'write' | 'end' | 'release' | 'hold' | 'drop' | 'abort' | 'half-close';
  const STEPS = ['give', 'give', 'give', 'read', 'read', 'write', 'end', 'release', 'hold', 'drop', 'abort', 'half-close'] as const;
  const messages = fc.array(fc.oneof(fc.constant(''), fc.string({ maxLength: 20 }), fc.constant('y'.repeat(3000))), { maxLength: 8 });

  it('gives every byte back once, tells messages in their order and is gone once', () => {
    fc.assert(
      fc.property(
        messages,
        fc.array(fc.integer({ min: 1, max: 2000 }), { minLength: 1 }),
        fc.array(fc.constantFrom<Step>(...STEPS)),
        (texts, cuts, steps) => {
          const { client, call, carrier, assemblies } = setUp();
          let rest = Buffer.concat(texts.map((text) => frame(text)));
          let given = 0;
          let isAnswered = false;
          const doStep: Record<Step, () => void> = {
            give: () => {
              if (client.stream.remoteClosed || client.stream.isOver) return;
              const length = Math.min(cuts[given % cuts.length] ?? 1, rest.length);
              client.give(rest.subarray(0, length));
              given += 1;
              rest = rest.subarray(length);
            },
            'half-close': () => {
              if (rest.length === 0 && !client.stream.remoteClosed && !client.stream.isOver) client.end();
            },
            read: () => carrier.read(),
            write: () => {
              if (!isAnswered) carrier.write(Buffer.from('w'), () => undefined);
            },
            end: () => {
              if (!isAnswered) carrier.end(OK);
              isAnswered = true;
            },
            release: () => client.release(),
            hold: () => {
              client.isHeld = true;
            },
            drop: () => {
              if (!client.stream.isOver) client.drop();
            },
            abort: () => carrier.abort(),
          };
          for (const step of steps) doStep[step]();
          if (!client.stream.isOver) client.drop();
          expect(client.consumedBytes).toBe(client.givenBytes);
          expect([call.gone, assemblies.freeBytes, client.errors]).toEqual([1, BUDGET_BYTES, []]);
          const told = call.heard.filter((text) => text !== 'END');
          expect(told).toEqual(texts.slice(0, told.length));
        },
      ),
      { numRuns: 2000 },
    );
  });
});
