import type { ModelSource } from '../model/source.js';

/** What the registry asks of a servable. */
export interface Drainable {
  /** Waits until the work that is in it has been answered; once the signal aborts it answers what is left with an error and settles soon. */
  drain(signal: AbortSignal): Promise<void>;
  /** Frees everything. Called once. */
  close(): Promise<void>;
}

/** Makes a servable of one model version. */
export interface Loader<S extends Drainable> {
  /**
   * Rejects with `load_failed`. Once the signal aborts nobody wants the servable any more: the sooner this settles the better, and a
   * servable that comes nevertheless is closed.
   */
  load(source: ModelSource, signal: AbortSignal): Promise<S>;
}
