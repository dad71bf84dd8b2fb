/** Every way in which Millrace refuses or fails a call. `wire/status.ts` gives each its gRPC status. */
export const SERVING_ERROR_CODES = [
  'invalid_request',
  'model_not_found',
  'model_not_ready',
  'not_found',
  'already_exists',
  'overloaded',
  'draining',
  'deadline_exceeded',
  'cancelled',
  'unauthenticated',
  'permission_denied',
  'backend_unavailable',
  'backend_failed',
  'load_failed',
  'unsupported',
  'too_large',
  'internal',
] as const;

export type ServingErrorCode = (typeof SERVING_ERROR_CODES)[number];
