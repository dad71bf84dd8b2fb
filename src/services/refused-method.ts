import { ServingError } from '../error/serving-error.js';
import type { Method } from '../grpc/call.js';

/** Answers `unsupported` before the body is looked at, whatever the RPC's kind. `reason` follows the RPC's name. */
export function refusedMethod(path: string, reason: string): Method {
  const bytes = { encode: (message: Uint8Array) => message, decode: (message: Uint8Array) => message };
  const name = path.slice(path.lastIndexOf('/') + 1);
  const refusal = () => Promise.reject(new ServingError('unsupported', `${name} ${reason}`));
  return { path, request: bytes, response: bytes, admission: 'open', kind: 'bidi', handle: refusal };
}
