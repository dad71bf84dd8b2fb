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

/** A server that is ready. */
export interface RunningServer {
  /** Addresses bound. */
  readonly grpc: readonly string[];
  readonly admin: string;
  /** Answers what was accepted and nothing more; `cut_short` where the configured time did not suffice. Idempotent. */
  drain(): Promise<'drained' | 'cut_short'>;
  /** Ends everything now. Idempotent. */
  close(): Promise<void>;
}

/**
 * Resolves once the ready line is written. Rejects, with nothing left running, where it cannot listen or read a file, or as soon as the
 * signal aborts.
 */
export type StartServer = (config: ServeConfig, deps: ServerDeps, signal: AbortSignal) => Promise<RunningServer>;
