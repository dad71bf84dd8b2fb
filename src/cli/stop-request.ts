import type { CliIo, StopSignal } from './io.js';

/** SIGTERM and SIGINT as one life sees them: the first asks to drain, the second to close. */
export class StopRequest implements Disposable {
  /** Resolves at the first signal. */
  readonly first: Promise<StopSignal>;
  /** Resolves at the second. */
  readonly second: Promise<StopSignal>;
  readonly #controller = new AbortController();
  readonly #dispose: () => void;

  constructor(io: Pick<CliIo, 'onSignal'>) {
    const waiting: ((signal: StopSignal) => void)[] = [];
    const next = () =>
      new Promise<StopSignal>((resolve) => {
        waiting.push(resolve);
      });
    this.first = next();
    this.second = next();
    this.#dispose = io.onSignal((signal) => {
      waiting.shift()?.(signal);
      this.#controller.abort(new Error(`stopped by ${signal}`));
    });
  }

  /** Aborts at the first signal. */
  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  [Symbol.dispose](): void {
    this.#dispose();
  }
}
