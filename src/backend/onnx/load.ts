import type { Worker } from 'node:worker_threads';
import type { ModelSignature, RuntimeSettings } from '../../model/spec.js';
import { abortReason } from '../abort.js';
import type { FromWorker, ToWorker } from './protocol.js';

/**
 * Lets a new worker load the model file at `path`. Rejects with an Error that has the runtime's own text, or with the
 * signal's reason, a ServingError; the worker then leaves as soon as it can. It is not terminated: a load cannot be cut
 * short without aborting the process.
 */
export async function loadModel(worker: Worker, path: string, runtime: RuntimeSettings, signal: AbortSignal): Promise<ModelSignature> {
  const load: ToWorker = { kind: 'load', path, runtime };
  worker.postMessage(load);
  try {
    return await loaded(worker, signal);
  } catch (error) {
    const close: ToWorker = { kind: 'close' };
    worker.postMessage(close);
    throw error;
  }
}

function loaded(worker: Worker, signal: AbortSignal): Promise<ModelSignature> {
  return new Promise((resolve, reject) => {
    const settle = (settled: () => void) => {
      worker.off('message', onMessage).off('error', onDeath).off('exit', onExit);
      signal.removeEventListener('abort', onAbort);
      settled();
    };
    const onMessage = (message: FromWorker) => settle(() => finish(message, resolve, reject));
    const onDeath = (error: Error) => settle(() => reject(new Error('the worker died while it loaded the model', { cause: error })));
    const onExit = (code: number) => onDeath(new Error(`worker exited with code ${code}`));
    const onAbort = () => settle(() => reject(abortReason(signal)));
    worker.on('message', onMessage).on('error', onDeath).on('exit', onExit);
    signal.addEventListener('abort', onAbort, { once: true });
    if (signal.aborted) onAbort();
  });
}

function finish(message: FromWorker, resolve: (signature: ModelSignature) => void, reject: (error: Error) => void): void {
  if (message.kind === 'loaded') resolve(message.signature);
  else reject(new Error(message.kind === 'load_failed' ? message.reason : `worker said '${message.kind}' out of turn`));
}
