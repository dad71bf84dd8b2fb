import { monitorEventLoopDelay } from 'node:perf_hooks';

/**
 * Imported into a server before its own code (`node --import`): at each SIGUSR2 it prints how late the event loop of the main thread came to a timer
 * of 1 ms since the last one. The server's own metric has timers of 10 ms, which cost less.
 */
const RESOLUTION_MS = 1;
const MILLISECOND = 1e6;

const histogram = monitorEventLoopDelay({ resolution: RESOLUTION_MS });
histogram.enable();

const late = (nanoseconds: number): number => Math.max(0, nanoseconds / MILLISECOND - RESOLUTION_MS);

process.on('SIGUSR2', () => {
  const [p50, p999, max] = [50, 99.9, 100].map((percentile) => late(histogram.percentile(percentile)));
  process.stdout.write(`${JSON.stringify({ event: 'loop_delay', p50, p999, max, timers: histogram.count })}\n`);
  histogram.reset();
});
