import type { ServeConfig } from '../config/options.js';
import type { Logger } from '../telemetry/logger.js';

/** One step of loading the initial models. */
export interface LoadProgress {
  readonly model: string;
  readonly version: string;
  readonly state: 'loading' | 'ready' | 'failed';
  /** Versions that are ready or have failed, this one counted, of those to load. */
  readonly settled: number;
  readonly total: number;
}

export interface ServerDeps {
  readonly logger: Logger;
  /** Of the package. */
  readonly version: string;
  readonly progress?: (event: LoadProgress) => void;
}

/** `cut_short`: the configured time did not suffice. */
export type DrainResult = 'drained' | 'cut_short';

/** `stuck`: a worker thread is inside the runtime and cannot be stopped; the process can only be killed. */
export type CloseResult = 'closed' | 'stuck';

/** A server that is ready. */
export interface RunningServer {
  /** Addresses bound. */
  readonly grpc: readonly string[];
  readonly admin: string;
  /** Answers what was accepted and nothing more. Idempotent. */
  drain(): Promise<DrainResult>;
  /** Ends everything now. Idempotent. */
  close(): Promise<CloseResult>;
}

/**
 * Resolves once the ready line is written. Rejects, with nothing left running, where it cannot listen or read a file, or with the signal's
 * reason once it aborts and what was accepted has been answered.
 */
export type StartServer = (config: ServeConfig, deps: ServerDeps, signal: AbortSignal) => Promise<RunningServer>;
