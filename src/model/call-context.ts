import type { Span } from '@opentelemetry/api';
import type { CancelSignal } from './cancel-signal.js';
import type { VersionId } from './id.js';

/** What travels with a request from the facade to the instance. */
export interface CallContext {
  /** Cancelled by the client, by the deadline or by a drain that ran out of time. */
  readonly signal: CancelSignal;
  /** When the answer is due, in the clock's milliseconds; Infinity where the client set none. */
  readonly deadline: number;
  /**
   * The call's server span where the call is sampled; undefined is the common case and costs nothing below. The data plane takes it away where
   * the model's own trace settings leave the call out.
   */
  span: Span | undefined;
  /** The version that serves the call: set by the data plane once it has found one, read by metrics and traces at the end. */
  target: VersionId | undefined;
}
