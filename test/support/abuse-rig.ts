import { expect } from '@jest/globals';
import type { GrpcServerOptions } from '../../src/grpc/server-options.js';
import { Bystander } from './bystander.js';
import { clientStream, serverStream, unary, untilCancelled } from './grpc-methods.js';
import { serviceOf, startServer, type TestServer, until } from './grpc-server.js';
import { ManualClock } from './manual-clock.js';

export const ECHO = '/test.Test/Echo';
export const LARGE = '/test.Test/Large';
export const STREAM = '/test.Test/Stream';
export const HOLD = '/test.Test/Hold';
export const COLLECT = '/test.Test/Collect';
export const STUCK = '/test.Test/Stuck';
export const ONE = '/test.Test/One';

/** A server of the native transport whose clock stands still, and somebody who calls it whatever others do to it. */
export class AbuseRig implements AsyncDisposable {
  readonly clock: ManualClock;
  readonly at: TestServer;
  readonly bystander: Bystander;
  /** Messages that the streams have been rid of. */
  readonly sent: { count: number };

  static async start(options: Partial<GrpcServerOptions> = {}): Promise<AbuseRig> {
    const clock = new ManualClock();
    const sent = { count: 0 };
    const stream = serverStream('Stream', async (_request, call) => {
      for (;;) {
        await call.send('x'.repeat(10_000));
        sent.count += 1;
      }
    });
    const collect = clientStream('Collect', async (texts) => {
      let bytes = 0;
      for await (const text of texts) bytes += text.length;
      return String(bytes);
    });
    const methods = [
      unary('Echo', async (text) => text),
      unary('Large', async () => 'x'.repeat(100_000)),
      unary('Hold', (_text, call) => untilCancelled(call)),
      clientStream('Stuck', (_texts, call) => untilCancelled(call)),
      // Takes a message and no other.
      clientStream('One', async (texts, call) => {
        for await (const _text of texts) await untilCancelled(call);
        return '';
      }),
      stream,
      collect,
    ];
    const at = await startServer([serviceOf(...methods)], { transport: 'native', ...options }, clock);
    return new AbuseRig(clock, at, await Bystander.beside(at.address, ECHO), sent);
  }

  private constructor(clock: ManualClock, at: TestServer, bystander: Bystander, sent: { count: number }) {
    this.clock = clock;
    this.at = at;
    this.bystander = bystander;
    this.sent = sent;
  }

  /** In small steps, so that those who are there can say so. */
  async pass(ms: number): Promise<void> {
    for (let left = ms; left > 0; left -= 500) {
      this.clock.advance(Math.min(left, 500));
      for (let turn = 0; turn < 4; turn += 1) await new Promise((resolve) => setImmediate(resolve));
    }
  }

  /** The bystander was answered throughout and still is, nothing of the attack is left, and closing the server leaves no timer. */
  async settled(): Promise<void> {
    const { at, bystander, clock } = this;
    const answered = bystander.answers;
    await until(() => bystander.answers > answered + 10);
    await bystander[Symbol.asyncDispose]();
    await until(() => at.door.inside.size === 0);
    expect(bystander.failures).toEqual([]);
    expect(at.wheel.size).toBe(0);
    expect(at.internalErrors).toEqual([]);
    expect(at.door.left).toBe(at.door.entered);
    expect(at.observer.ended).toHaveLength(at.door.entered);
    await at.server.close();
    await this.pass(5_200); // the last timer of the wheel is left to fire into an empty one
    expect(clock.pending).toBe(0);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.bystander[Symbol.asyncDispose]();
    await this.at.server.close();
  }
}
