import type { ServingErrorCode } from './code.js';
import { cut } from './quote.js';

/** What a code carries beside its message. `retryAfterMs` becomes google.rpc.RetryInfo and `grpc-retry-pushback-ms`. */
interface DetailByCode {
  readonly model_not_ready: { readonly retryAfterMs: number };
  readonly overloaded: { readonly retryAfterMs: number };
  readonly draining: { readonly retryAfterMs: number };
  readonly backend_unavailable: { readonly retryAfterMs: number };
  /** Present where the model's queue policy ended the wait, not the call's own deadline. */
  readonly deadline_exceeded: { readonly queueTimeout: true } | undefined;
  /** Present where one run failed and the instance is well. */
  readonly backend_failed: { readonly runFailed: true } | undefined;
}

export type ServingErrorDetail<C extends ServingErrorCode> = C extends keyof DetailByCode ? DetailByCode[C] : undefined;

/** Error texts stay short whatever the request held. */
const MAX_MESSAGE_CHARS = 400;

type DetailArgument<C extends ServingErrorCode> = C extends keyof DetailByCode
  ? undefined extends DetailByCode[C]
    ? [detail?: DetailByCode[C], cause?: unknown]
    : [detail: DetailByCode[C], cause?: unknown]
  : [detail?: undefined, cause?: unknown];

/**
 * The only error that crosses a room's border. `message` is safe for the wire: it names what was wrong, what was
 * expected and what was given, never a path of the host nor a runtime's internals; those go into `cause`. It has a stack only where it is our own mistake:
 * to take one costs more than all else that a refused or cancelled call does, and under attack or overload there are many of those.
 */
export class ServingError<C extends ServingErrorCode = ServingErrorCode> extends Error {
  override readonly name = 'ServingError';
  readonly code: C;
  readonly detail: ServingErrorDetail<C>;

  constructor(code: C, message: string, ...[detail, cause]: DetailArgument<C>) {
    const { stackTraceLimit } = Error;
    if (code !== 'internal') Error.stackTraceLimit = 0;
    super(cut(message, MAX_MESSAGE_CHARS), cause === undefined ? undefined : { cause });
    Error.stackTraceLimit = stackTraceLimit;
    this.code = code;
    this.detail = detail as ServingErrorDetail<C>;
  }

  /** A ServingError stays as it is; anything foreign becomes `internal` with a fixed text and the original as cause. */
  static from(error: unknown): ServingError {
    if (error instanceof ServingError) return error as ServingError;
    return new ServingError('internal', 'internal error', undefined, error);
  }

  /** How long the caller should wait before it tries again; undefined where a retry cannot help. */
  get retryAfterMs(): number | undefined {
    const { detail } = this;
    return detail !== undefined && 'retryAfterMs' in detail ? detail.retryAfterMs : undefined;
  }

  /** Whether a `deadline_exceeded` came of the model's queue policy: the call itself had time left. */
  get isQueueTimeout(): boolean {
    const { detail } = this;
    return detail !== undefined && 'queueTimeout' in detail;
  }

  /** Whether a `backend_failed` came of the run alone, so that its instance runs on. */
  get isRunFailure(): boolean {
    const { detail } = this;
    return detail !== undefined && 'runFailed' in detail;
  }
}

/** `invalid_request` is raised in so many places that it earns a verb. */
export function invalidRequest(message: string): ServingError<'invalid_request'> {
  return new ServingError('invalid_request', message);
}
