import { cut } from '../error/quote.js';
import { ServingError } from '../error/serving-error.js';

/** Longest id that an error text repeats: the text itself must still fit behind it. */
const MAX_ID_CHARS = 80;

/**
 * The error of a request that could be read, with Triton's prefix: a client that has many requests under way, or a log, tells by it which one failed. It
 * stands, as there, before what is wrong with the request itself and before a full queue. A request without an id has none: to say so, as Triton does,
 * tells nobody anything.
 */
export function withRequestId(error: ServingError, id: string): ServingError {
  if (id === '') return error;
  const message = `[request id: ${cut(id, MAX_ID_CHARS)}] ${error.message}`;
  if (error.code === 'invalid_request') return new ServingError('invalid_request', message, undefined, error);
  const { retryAfterMs } = error;
  if (error.code !== 'overloaded' || retryAfterMs === undefined) return error;
  return new ServingError('overloaded', message, { retryAfterMs }, error);
}
