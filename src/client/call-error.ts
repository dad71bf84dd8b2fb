import type { ServiceError } from '@grpc/grpc-js';
import { type StatusName, statusName } from '../telemetry/status-name.js';

const PUSHBACK = 'grpc-retry-pushback-ms';

/** How a call failed: refused by the server, or not brought to it. */
export class CallError extends Error {
  override readonly name = 'CallError';
  readonly status: StatusName;
  /** How long the server asks to wait before another try; undefined where it does not want one or did not say. */
  readonly retryAfterMs: number | undefined;

  constructor(status: StatusName, message: string, retryAfterMs: number | undefined, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.status = status;
    this.retryAfterMs = retryAfterMs;
  }

  static from(error: ServiceError): CallError {
    return new CallError(statusName(error.code), error.details, readPushback(error), error);
  }
}

function readPushback({ metadata }: ServiceError): number | undefined {
  const [value] = metadata.get(PUSHBACK);
  if (value === undefined) return undefined;
  const ms = Number(value);
  return ms >= 0 ? ms : undefined;
}
