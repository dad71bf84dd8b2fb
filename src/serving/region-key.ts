import { quote } from '../error/quote.js';
import { invalidRequest } from '../error/serving-error.js';

/** NAME_MAX of every Linux file system. */
const MAX_NAME_BYTES = 255;
/** Triton's Python backend keeps its own objects under such names; a server beside this one may be using them. */
const RESERVED_PREFIX = 'triton_python_backend_shm_region_';

/**
 * The file name of a POSIX shared memory object, by its key: "/name" or "name". Throws `invalid_request`, with Triton's phrases, for a key that is not one
 * plain name, so that whatever is made of it lies directly in its directory.
 */
export function fileNameOf(key: string, region: string): string {
  const name = key.startsWith('/') ? key.slice(1) : key;
  if (!isPlain(name)) {
    throw invalidRequest(
      `cannot register shared memory region ${quote(region)} - invalid shm key ${quote(key)}: ` +
        `expected one name of 1 to ${MAX_NAME_BYTES} bytes, with or without a slash before it`,
    );
  }
  if (name.startsWith(RESERVED_PREFIX)) {
    throw invalidRequest(
      `cannot register shared memory region ${quote(region)} with key ${quote(key)} as the key contains the reserved prefix '${RESERVED_PREFIX}'`,
    );
  }
  return name;
}

function isPlain(name: string): boolean {
  const bytes = Buffer.byteLength(name);
  return bytes > 0 && bytes <= MAX_NAME_BYTES && name !== '.' && name !== '..' && !/[/\0]/.test(name);
}
