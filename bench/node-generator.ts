import { closedLoop } from './closed-loop.js';
import type { Generator, Order, Report } from './generator.js';
import { quantile } from './statistics.js';

/** Stands in where there is no Go, for plain closed loops; it is slower than the servers, which their CPU per call does not mind. */
export class NodeGenerator implements Generator {
  readonly name = 'node';

  takes({ bodies, rate, messages, ahead }: Order): boolean {
    return bodies.length === 1 && rate === undefined && messages === undefined && ahead === undefined;
  }

  async run(address: string, { path, bodies, callers, connections }: Order, seconds: number): Promise<Report> {
    const [body] = bodies;
    if (body === undefined) throw new RangeError('an order without bodies');
    const done = await closedLoop({ address, path, message: body.message, callers, connections }, seconds);
    const micros = (share: number): number => quantile(done.latencies, share) * 1000;
    const latencies = { calls: done.answers, p50Micros: micros(0.5), p99Micros: micros(0.99) };
    const perSecond = done.answers / done.seconds;
    const { failures: failed } = done;
    return { ...latencies, failed, perSecond, messagesPerSecond: perSecond, classes: [latencies], dropped: 0, sendLagP99Micros: 0 };
  }

  [Symbol.dispose](): void {
    // It holds nothing between its runs.
  }
}
