import { monitorEventLoopDelay } from 'node:perf_hooks';
import { setTimeout as pause } from 'node:timers/promises';
import { InferenceSession } from 'onnxruntime-node';

/**
 * What loading a model costs a server that does it on the thread that answers: arguments are a model file and how many times it is loaded. Prints how
 * late the event loop came to a timer of 1 ms, in milliseconds.
 */
const RESOLUTION_MS = 1;
const BETWEEN_MS = 200;
const [, , file = '', times = '5'] = process.argv;

const histogram = monitorEventLoopDelay({ resolution: RESOLUTION_MS });
histogram.enable();
for (let time = 0; time < Number(times); time++) {
  await pause(BETWEEN_MS);
  const session = await InferenceSession.create(file, { intraOpNumThreads: 1 });
  await pause(BETWEEN_MS);
  await session.release();
}
const [p999, max] = [99.9, 100].map((percentile) => histogram.percentile(percentile) / 1e6 - RESOLUTION_MS);
process.stdout.write(`${JSON.stringify({ p999, max })}\n`);
