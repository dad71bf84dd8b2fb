import { SHARE_ENV, Worker } from 'node:worker_threads';
import { ServingError } from '../../error/serving-error.js';
import type { Clock } from '../../model/clock.js';
import type { Execution } from '../../model/infer.js';
import type { SlabTensor } from '../../tensor/tensor.js';
import { abortReason } from '../abort.js';
import type { Instance } from '../backend.js';
import { unsupportedStream } from '../unsupported.js';
import { type FromWorker, type RunFailed, type ToWorker, transferList } from './protocol.js';

/** How long an idle worker may take to leave by itself before it is terminated, which is safe as it is idle. */
const EXIT_GRACE_MS = 5_000;
/** The thread's JavaScript heap holds strings and little else; tensors lie outside. A model of text may need some. */
const MAX_HEAP_MB = 1024;

type State =
  | { readonly kind: 'idle' }
  | { readonly kind: 'running'; readonly resolve: (execution: Execution) => void; readonly reject: (error: ServingError) => void }
  | { readonly kind: 'closing' }
  | { readonly kind: 'broken'; readonly error: Error };

/** A thread of its own: no flags of the main thread, and its own crash is told by 'error' and 'exit'. */
export function startWorker(url: URL, name: string): Worker {
  return new Worker(url, { name, env: SHARE_ENV, execArgv: [], resourceLimits: { maxOldGenerationSizeMb: MAX_HEAP_MB } });
}

/**
 * The main thread's side of a worker that has loaded its model. The worker is never terminated inside the runtime: that
 * aborts the process. So nothing cuts a run short, and `close` waits for it.
 */
export class OnnxInstance implements Instance {
  readonly id: string;
  readonly #worker: Worker;
  readonly #clock: Clock;
  readonly #exited: Promise<void>;
  #state: State = { kind: 'idle' };
  #onIdle: (() => void) | undefined;
  #closing: Promise<void> | undefined;

  /** `worker` has answered `loaded`; `exited` resolves when it is gone. */
  constructor(id: string, worker: Worker, exited: Promise<void>, clock: Clock) {
    this.id = id;
    this.#worker = worker;
    this.#clock = clock;
    this.#exited = exited;
    worker.on('message', (message: FromWorker) => this.#answered(message));
    worker.on('messageerror', (error) => this.#break(error));
    worker.on('error', (error) => this.#break(error));
    worker.on('exit', (code) => this.#break(new Error(`worker exited with code ${code}`)));
  }

  get broken(): Error | undefined {
    return this.#state.kind === 'broken' ? this.#state.error : undefined;
  }

  /** An abort before the run prevents it; an abort during the run changes nothing, the slot stays taken until it is over. */
  execute(inputs: readonly SlabTensor[], signal: AbortSignal): Promise<Execution> {
    if (signal.aborted) return Promise.reject(abortReason(signal));
    if (this.#state.kind !== 'idle' || this.#closing !== undefined) return Promise.reject(this.#refusal());
    return new Promise((resolve, reject) => {
      this.#state = { kind: 'running', resolve, reject };
      try {
        this.#post({ kind: 'run', inputs }, transferList(inputs));
      } catch (error) {
        this.#settle()?.reject(new ServingError('backend_failed', 'the inputs could not be handed to the runtime', undefined, error));
      }
    });
  }

  stream(): AsyncIterable<Execution> {
    return unsupportedStream('onnxruntime');
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    if (this.#state.kind === 'running') {
      await new Promise<void>((resolve) => {
        this.#onIdle = resolve;
      });
    }
    if (this.#state.kind === 'idle') this.#state = { kind: 'closing' };
    this.#post({ kind: 'close' });
    const cancel = this.#clock.after(EXIT_GRACE_MS, () => void this.#worker.terminate());
    await this.#exited;
    cancel();
  }

  #post(message: ToWorker, transfer: ArrayBuffer[] = []): void {
    this.#worker.postMessage(message, transfer);
  }

  #answered(message: FromWorker): void {
    switch (message.kind) {
      case 'ran':
        this.#settle()?.resolve({ outputs: message.outputs, executeUs: message.executeUs });
        return;
      case 'run_failed':
        this.#settle()?.reject(runError(message));
        return;
      case 'loaded':
      case 'load_failed':
        this.#break(new Error(`worker said '${message.kind}' out of turn`));
    }
  }

  /** The run that was under way, which is over now. */
  #settle(): Extract<State, { kind: 'running' }> | undefined {
    const state = this.#state;
    if (state.kind !== 'running') return undefined;
    this.#state = { kind: 'idle' };
    this.#onIdle?.();
    return state;
  }

  /** The first cause stays. An exit that was asked for breaks nothing. */
  #break(error: Error): void {
    const run = this.#settle();
    if (this.#state.kind === 'idle') this.#state = { kind: 'broken', error };
    run?.reject(new ServingError('backend_failed', 'the worker died while it ran this batch', undefined, error));
  }

  #refusal(): ServingError {
    const state = this.#closing === undefined ? this.#state.kind : 'closing';
    const text = `the instance is ${state}: it takes no run`;
    return new ServingError('backend_unavailable', text, { retryAfterMs: 0 }, this.broken);
  }
}

function runError(failed: RunFailed): ServingError {
  if (failed.code === 'invalid_request') return new ServingError('invalid_request', failed.message);
  return new ServingError('backend_failed', 'the model failed to execute in the runtime', undefined, new Error(failed.runtimeText));
}
