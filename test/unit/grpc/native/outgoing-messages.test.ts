import { randomBytes } from 'node:crypto';
import { gunzipSync } from 'node:zlib';
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { MessageCompressor } from '../../../../src/grpc/native/message-compressor.js';
import { type MessageOutlet, OutgoingMessages } from '../../../../src/grpc/native/outgoing-messages.js';
import { Turns } from '../../../../src/grpc/native/turns.js';
import { turns as eventLoop } from '../../../support/event-loop.js';
import { until } from '../../../support/grpc-server.js';

/** Keeps what is sent, as it was before it was compressed. */
class FakeOutlet implements MessageOutlet {
  readonly sent: string[] = [];
  packed = 0;
  settled = 0;
  readonly failures: unknown[] = [];
  /** What else is done when something is sent. */
  onSend: () => void = () => undefined;

  send(message: Uint8Array, isCompressed: boolean): void {
    if (isCompressed) this.packed += 1;
    this.sent.push((isCompressed ? gunzipSync(message) : Buffer.from(message)).toString('latin1'));
    this.onSend();
  }

  onSettled(): void {
    this.settled += 1;
  }

  onFailed(error: unknown): void {
    this.failures.push(error);
  }
}

function setUp() {
  const turns = new Turns();
  const outlet = new FakeOutlet();
  const messages = new OutgoingMessages(new MessageCompressor('gzip', 'low', turns), outlet);
  const push = (text: string) => messages.push(Buffer.from(text, 'latin1'));
  /** Others have all turns until this is called. */
  const block = async () => {
    for (let taken = 0; taken < 4; taken += 1) await turns.take();
    return () => {
      for (let taken = 0; taken < 4; taken += 1) turns.pass();
    };
  };
  return { outlet, messages, push, block };
}

const LARGE = 'a'.repeat(5000);
const LARGER = 'b'.repeat(9000);

describe('OutgoingMessages', () => {
  it('sends small ones at once, as they are', () => {
    const { outlet, messages, push } = setUp();
    push('x'.repeat(1023));
    push('');
    expect([outlet.sent, outlet.packed, outlet.settled]).toEqual([['x'.repeat(1023), ''], 0, 0]);
    expect([messages.isWaiting, messages.waitingBytes, messages.encoding]).toEqual([false, 0, 'gzip']);
  });

  it('tells of a mistake, which nobody could catch otherwise', async () => {
    const { outlet, push } = setUp();
    const mistake = new Error('a mistake');
    outlet.onSend = () => {
      throw mistake;
    };
    push(LARGE);
    await until(() => outlet.failures.length === 1);
    expect([outlet.failures, outlet.settled]).toEqual([[mistake], 0]);
  });

  it('compresses from 1 KiB on, and counts what waits', async () => {
    const { outlet, messages, push } = setUp();
    push('x'.repeat(1024));
    expect([messages.isWaiting, messages.waitingBytes]).toEqual([true, 1024]);
    await until(() => outlet.settled === 1);
    expect([outlet.sent, outlet.packed]).toEqual([['x'.repeat(1024)], 1]);
    expect([messages.isWaiting, messages.waitingBytes]).toEqual([false, 0]);
  });

  it('keeps the order, with small ones and such as cannot be compressed between large ones', async () => {
    const { outlet, messages, push, block } = setUp();
    const release = await block();
    const noise = randomBytes(1100).toString('latin1');
    const all = [LARGE, 'small', LARGER, noise, '', LARGE];
    for (const text of all) push(text);
    expect([outlet.sent, messages.waitingBytes]).toEqual([[], all.join('').length]);
    release();
    await until(() => outlet.settled === 1);
    expect([outlet.sent, outlet.packed]).toEqual([all, 3]);
    push('at once');
    expect(outlet.sent.at(-1)).toBe('at once');
  });

  it('takes more while it sends one', async () => {
    const { outlet, push } = setUp();
    outlet.onSend = () => {
      outlet.onSend = () => undefined;
      push(LARGER);
      push('last');
    };
    push(LARGE);
    await until(() => outlet.settled === 1);
    expect(outlet.sent).toEqual([LARGE, LARGER, 'last']);
  });

  it('sends nothing once it is stopped: not what is being compressed, what waits, or what comes', async () => {
    const { outlet, messages, push } = setUp();
    push(LARGE);
    push(LARGER);
    messages.stop();
    push('small');
    push(LARGE);
    expect([messages.isWaiting, messages.waitingBytes, messages.isStopped]).toEqual([false, 0, true]);
    await eventLoop(50);
    expect([outlet.sent, outlet.settled]).toEqual([[], 0]);
  });

  it('may be stopped while it sends', async () => {
    const { outlet, messages, push } = setUp();
    outlet.onSend = () => messages.stop();
    push(LARGE);
    push(LARGER);
    await until(() => messages.isStopped);
    await eventLoop(50);
    expect([outlet.sent, outlet.settled, messages.waitingBytes]).toEqual([[LARGE], 0, 0]);
  });

  it('sends everything once and in its order, whenever it comes', async () => {
    const sizes = fc.array(fc.record({ size: fc.constantFrom(0, 1, 1023, 1024, 3000, 70_000), waits: fc.boolean() }), { maxLength: 12 });
    await fc.assert(
      fc.asyncProperty(sizes, async (steps) => {
        const { outlet, messages, push } = setUp();
        const pushed = steps.map(({ size }, index) => String(index % 10).repeat(size));
        for (const [index, { waits }] of steps.entries()) {
          push(pushed[index] ?? '');
          if (waits) await eventLoop(1);
        }
        await until(() => !messages.isWaiting);
        expect(outlet.sent).toEqual(pushed);
        expect([messages.waitingBytes, outlet.packed]).toEqual([0, steps.filter(({ size }) => size >= 1024).length]);
      }),
      { numRuns: 100 },
    );
  });
});
