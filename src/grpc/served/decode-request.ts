import { ServingError } from '../../error/serving-error.js';
import type { Decoder } from '../call.js';

/** A ServingError of the codec's own says what was wrong; anything else it throws means that the bytes are no such message. */
export function decodeRequest<I>(codec: Decoder<I>, bytes: Uint8Array): I {
  try {
    return codec.decode(bytes);
  } catch (error) {
    if (error instanceof ServingError) throw error;
    throw new ServingError(
      'invalid_request',
      `malformed request: ${bytes.byteLength} bytes that are not a valid message`,
      undefined,
      error,
    );
  }
}
