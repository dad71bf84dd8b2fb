import { ServingError } from '../error/serving-error.js';
import type { Execution } from '../model/infer.js';

/** The stream of an instance that gives one answer to a request: rejects as soon as it is read. */
export function unsupportedStream(backend: string): AsyncIterable<Execution> {
  const next = () =>
    Promise.reject(new ServingError('unsupported', `backend ${backend} gives one response to a request, it has no stream of its own`));
  return { [Symbol.asyncIterator]: () => ({ next }) };
}
