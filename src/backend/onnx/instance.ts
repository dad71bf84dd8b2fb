import { SHARE_ENV, Worker } from 'node:worker_threads';
import { ServingError } from '../../error/serving-error.js';
import type { Clock } from '../../model/clock.js';
import type { Execution } from '../../model/infer.js';
import type { ModelSignature } from '../../model/spec.js';
import type { GatheredTensor } from '../../tensor/tensor.js';
import { abortReason } from '../abort.js';
import type { Instance } from '../backend.js';
import { unsupportedStream } from '../unsupported.js';
import type { FromWorker, RunAnswer, RunFailed } from './protocol.js';
import { STAGE } from './ring-control.js';
import { RunRing } from './run-ring.js';

/** How long an idle worker may take to leave by itself before it is terminated, which is safe as it is idle. */
const EXIT_GRACE_MS = 5_000;
/** The thread's JavaScript heap holds strings and little else; tensors lie outside. A model of text may need some. */
const MAX_HEAP_MB = 1024;

/** A worker that has answered `loaded` with `signature`. */
export interface LoadedWorker {
  readonly worker: Worker;
  /** Resolves when it is gone. */
  readonly exited: Promise<void>;
  readonly signature: ModelSignature;
}

interface Run {
  readonly slot: number;
  readonly signal: AbortSignal;
  /** Undefined where nothing was under way, so that the worker begins it at once. */
  readonly onAbort: (() => void) | undefined;
  readonly resolve: (execution: Execution) => void;
  readonly reject: (error: ServingError) => void;
}

type State = { readonly kind: 'serving' } | { readonly kind: 'closing' } | { readonly kind: 'broken'; readonly error: Error };

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
  readonly depth: number;
  readonly #worker: Worker;
  readonly #exited: Promise<void>;
  readonly #clock: Clock;
  readonly #ring: RunRing;
  /** Under way, in the order in which the worker takes them. */
  readonly #runs: Run[] = [];
  #state: State = { kind: 'serving' };
  #isListening = false;
  #onIdle: (() => void) | undefined;
  #closing: Promise<void> | undefined;

  constructor(id: string, { worker, exited, signature }: LoadedWorker, depth: number, clock: Clock) {
    this.id = id;
    this.depth = depth;
    this.#worker = worker;
    this.#exited = exited;
    this.#clock = clock;
    this.#ring = new RunRing(worker, signature, depth);
    worker.on('message', (message: FromWorker) => this.#answered(message));
    worker.on('messageerror', (error) => this.#break(error));
    worker.on('error', (error) => this.#break(error));
    worker.on('exit', (code) => this.#break(new Error(`worker exited with code ${code}`)));
  }

  get broken(): Error | undefined {
    return this.#state.kind === 'broken' ? this.#state.error : undefined;
  }

  /**
   * An abort before the worker begins the run prevents it; later it changes nothing. Either way the run counts as under way until the worker is
   * through with it.
   */
  execute(inputs: readonly GatheredTensor[], signal: AbortSignal): Promise<Execution> {
    if (signal.aborted) return Promise.reject(abortReason(signal));
    if (this.#state.kind !== 'serving' || this.#runs.length === this.depth) return Promise.reject(this.#refusal());
    return new Promise((resolve, reject) => {
      try {
        const slot = this.#ring.send(inputs);
        this.#runs.push({ slot, signal, onAbort: this.#cancelOnAbort(slot, signal), resolve, reject });
        if (!this.#isListening) this.#listen();
      } catch (error) {
        reject(new ServingError('backend_failed', 'the inputs could not be handed to the runtime', { runFailed: true }, error));
      }
    });
  }

  /**
   * Settles runs as they end, all that ended since it looked last at once, for as long as any are under way. One promise of the ring is awaited
   * at a time; a message from the worker with every end would cost the worker as much as a small run does.
   */
  #listen(): void {
    let next: Promise<string> | undefined;
    while (next === undefined) {
      const seen = this.#ring.ended;
      this.#settleEnded();
      if (this.#runs.length === 0) return;
      next = this.#ring.nextEnd(seen);
    }
    this.#isListening = true;
    void next.then(this.#onEnd);
  }

  readonly #onEnd = (): void => {
    this.#isListening = false;
    this.#listen();
  };

  #cancelOnAbort(slot: number, signal: AbortSignal): (() => void) | undefined {
    if (this.#runs.length === 0) return undefined;
    const onAbort = (): void => void this.#ring.cancel(slot);
    signal.addEventListener('abort', onAbort, { once: true });
    return onAbort;
  }

  stream(): AsyncIterable<Execution> {
    return unsupportedStream('onnxruntime');
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    if (this.#state.kind === 'serving') this.#state = { kind: 'closing' };
    if (this.#runs.length > 0) {
      await new Promise<void>((resolve) => {
        this.#onIdle = resolve;
      });
    }
    this.#ring.close();
    const cancel = this.#clock.after(EXIT_GRACE_MS, () => void this.#worker.terminate());
    await this.#exited;
    cancel();
  }

  #answered(message: FromWorker): void {
    this.#settleEnded();
    switch (message.kind) {
      case 'ran':
      case 'run_failed':
        this.#settleAnswered(message);
        return;
      case 'loaded':
      case 'load_failed':
        this.#break(outOfTurn(message));
    }
  }

  /** Settles what ended in the frames, whichever message told of it, up to the first run that did not. */
  #settleEnded(): void {
    for (let run = this.#runs[0]; run !== undefined; run = this.#runs[0]) {
      const stage = this.#ring.stage(run.slot);
      if (stage === STAGE.ran) this.#end(run).resolve(this.#ring.result(run.slot));
      else if (stage === STAGE.skipped) this.#end(run).reject(abortReason(run.signal));
      else return;
    }
  }

  #settleAnswered(answer: RunAnswer): void {
    const [run] = this.#runs;
    if (run === undefined || this.#ring.stage(run.slot) !== STAGE.answered) {
      this.#break(outOfTurn(answer));
      return;
    }
    this.#end(run);
    if (answer.kind === 'ran') run.resolve({ outputs: answer.outputs, executeUs: answer.executeUs });
    else run.reject(runError(answer));
    this.#settleEnded();
  }

  /** The first run is over, and its slot is free once the caller has read the result. */
  #end(run: Run): Run {
    this.#runs.shift();
    if (run.onAbort !== undefined) run.signal.removeEventListener('abort', run.onAbort);
    if (this.#runs.length === 0) this.#onIdle?.();
    return run;
  }

  /** The first cause stays. An exit that was asked for breaks nothing. */
  #break(error: Error): void {
    this.#settleEnded();
    if (this.#state.kind === 'serving') this.#state = { kind: 'broken', error };
    for (let run = this.#runs[0]; run !== undefined; run = this.#runs[0]) this.#end(run).reject(this.#deathOf(run, error));
    this.#ring.release();
  }

  /** Cancels what had not begun, so that a worker that lives on after all does not begin it. */
  #deathOf({ slot, signal }: Run, cause: Error): ServingError {
    if (this.#ring.cancel(slot))
      return new ServingError('backend_unavailable', 'the worker died before it began this batch', { retryAfterMs: 0 }, cause);
    if (this.#ring.stage(slot) === STAGE.cancelled) return abortReason(signal);
    return new ServingError('backend_failed', 'the worker died while it ran this batch', undefined, cause);
  }

  #refusal(): ServingError {
    const state = this.#state.kind === 'serving' ? 'running' : this.#state.kind;
    return new ServingError('backend_unavailable', `the instance is ${state}: it takes no run`, { retryAfterMs: 0 }, this.broken);
  }
}

function outOfTurn({ kind }: FromWorker): Error {
  return new Error(`worker said '${kind}' out of turn`);
}

function runError(failed: RunFailed): ServingError {
  if (failed.code === 'invalid_request') return new ServingError('invalid_request', failed.message);
  const cause = new Error(failed.runtimeText);
  return new ServingError('backend_failed', 'the model failed to execute in the runtime', { runFailed: true }, cause);
}
