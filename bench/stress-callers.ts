import { monitorEventLoopDelay } from 'node:perf_hooks';
import { closedLoop } from './closed-loop.js';
import type { CallersAnswer, CallersQuestion } from './healthy-callers.js';
import { quantile } from './statistics.js';

/** Healthy callers, in a process of their own: they call for as long as they are told over the IPC channel. */
async function answer({ seconds, ...load }: CallersQuestion): Promise<CallersAnswer> {
  const delay = monitorEventLoopDelay({ resolution: 1 });
  delay.enable();
  const { answers, failures, latencies } = await closedLoop({ ...load, message: new Uint8Array(load.bytes) }, seconds);
  delay.disable();
  const [p50, p99] = [quantile(latencies, 0.5), quantile(latencies, 0.99)];
  // The resolution is part of what it measures.
  return { answers, failures, p50, p99, ownP99: Math.max(0, delay.percentile(99) / 1e6 - 1) };
}

process.on('message', (question: CallersQuestion) => void answer(question).then((said) => process.send?.(said)));
process.once('disconnect', () => process.exit());
