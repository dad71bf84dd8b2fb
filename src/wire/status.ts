import type { ServingErrorCode } from '../error/code.js';
import type { ServingError } from '../error/serving-error.js';
import type { Any } from '../gen/google/protobuf/any.js';
import { ErrorInfo, RetryInfo } from '../gen/google/rpc/error_details.js';
import { Status } from '../gen/google/rpc/status.js';

/** How a call ends on the wire. */
export interface CallStatus {
  /** Number of the gRPC status code. */
  readonly code: number;
  readonly message: string;
  /** Serialised google.rpc.Status for `grpc-status-details-bin`. */
  readonly details?: Uint8Array;
  /** For `grpc-retry-pushback-ms`. */
  readonly pushbackMs?: number;
}

/** Which codes the OIP facade uses where gRPC's own meaning and Triton's habit differ: the flag `--status-codes`. */
export type OipStatusCodes = 'grpc' | 'triton';

type StatusTable = Readonly<Record<ServingErrorCode, number>>;

const CANCELLED = 1;
const INVALID_ARGUMENT = 3;
const DEADLINE_EXCEEDED = 4;
const NOT_FOUND = 5;
const ALREADY_EXISTS = 6;
const PERMISSION_DENIED = 7;
const RESOURCE_EXHAUSTED = 8;
const FAILED_PRECONDITION = 9;
const UNIMPLEMENTED = 12;
const INTERNAL = 13;
const UNAVAILABLE = 14;
const UNAUTHENTICATED = 16;

const MILLRACE_STATUS = {
  invalid_request: INVALID_ARGUMENT,
  model_not_found: NOT_FOUND,
  model_not_ready: UNAVAILABLE,
  not_found: NOT_FOUND,
  already_exists: ALREADY_EXISTS,
  overloaded: RESOURCE_EXHAUSTED,
  draining: UNAVAILABLE,
  deadline_exceeded: DEADLINE_EXCEEDED,
  cancelled: CANCELLED,
  unauthenticated: UNAUTHENTICATED,
  permission_denied: PERMISSION_DENIED,
  backend_unavailable: UNAVAILABLE,
  backend_failed: INTERNAL,
  load_failed: FAILED_PRECONDITION,
  unsupported: UNIMPLEMENTED,
  too_large: RESOURCE_EXHAUSTED,
  internal: INTERNAL,
} as const satisfies StatusTable;

/** Triton knows neither FAILED_PRECONDITION nor, in its own mode, any difference between a full queue and a server that is away. */
const OIP_STATUS = {
  grpc: { ...MILLRACE_STATUS, load_failed: INVALID_ARGUMENT },
  triton: { ...MILLRACE_STATUS, load_failed: INVALID_ARGUMENT, overloaded: UNAVAILABLE },
} as const satisfies Record<OipStatusCodes, StatusTable>;

const TYPE_URL = 'type.googleapis.com/';
const DOMAIN = 'millrace';

/** The status of an error on millrace.v1, health and reflection. */
export function statusOf(error: ServingError): CallStatus {
  return callStatus(error, MILLRACE_STATUS[error.code]);
}

/** The same for the OIP facade. */
export function oipStatusOf(codes: OipStatusCodes): (error: ServingError) => CallStatus {
  const table = OIP_STATUS[codes];
  // Triton has no word for a wait that was too long either; a client's own deadline is gRPC's business and keeps its code.
  const queueTimeout = codes === 'triton' ? UNAVAILABLE : DEADLINE_EXCEEDED;
  return (error) => callStatus(error, error.isQueueTimeout ? queueTimeout : table[error.code]);
}

/** The error of a part of a stream, inside a message. */
export function rpcStatusOf(error: ServingError): Status {
  return rpcStatus(error, MILLRACE_STATUS[error.code]);
}

function callStatus(error: ServingError, code: number): CallStatus {
  const status = rpcStatus(error, code);
  const details = Status.encode(status).finish();
  const { retryAfterMs } = error;
  const base = { code, message: status.message, details };
  return retryAfterMs === undefined ? base : { ...base, pushbackMs: wholeMs(retryAfterMs) };
}

function rpcStatus(error: ServingError, code: number): Status {
  // An internal error says nothing of itself on the wire, whoever made it and whatever its text.
  const message = error.code === 'internal' ? 'internal error' : error.message;
  return { code, message, details: detailsOf(error) };
}

function detailsOf({ code, retryAfterMs }: ServingError): Any[] {
  const info = { typeUrl: `${TYPE_URL}google.rpc.ErrorInfo`, value: encodeErrorInfo(code) };
  if (retryAfterMs === undefined) return [info];
  return [info, { typeUrl: `${TYPE_URL}google.rpc.RetryInfo`, value: encodeRetryInfo(wholeMs(retryAfterMs)) }];
}

function encodeErrorInfo(reason: ServingErrorCode): Uint8Array {
  return ErrorInfo.encode({ reason, domain: DOMAIN, metadata: {} }).finish();
}

function encodeRetryInfo(delayMs: number): Uint8Array {
  const retryDelay = { seconds: BigInt(Math.floor(delayMs / 1000)), nanos: (delayMs % 1000) * 1_000_000 };
  return RetryInfo.encode({ retryDelay }).finish();
}

/** Rounded up, so that nobody comes back too early; a negative pushback would forbid the retry. */
function wholeMs(delayMs: number): number {
  return Math.max(0, Math.ceil(delayMs));
}
