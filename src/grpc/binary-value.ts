import { quote } from '../error/quote.js';
import { invalidRequest } from '../error/serving-error.js';

/** As the values of `-bin` entries go over the wire: gRPC has them sent without padding. */
export function encodeBinaryValue(bytes: Uint8Array): string {
  return unpadded(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('base64'));
}

/**
 * The first value of a line, with or without padding; a comma stands between those that were put into one. Throws `invalid_request` for what is not base64,
 * or has bits set that belong to no byte: of two texts that differ one is wrong.
 */
export function decodeBinaryValue(name: string, line: string): Buffer {
  const comma = line.indexOf(',');
  const text = comma === -1 ? line : line.slice(0, comma).trimEnd();
  const bytes = Buffer.from(text, 'base64');
  const digits = unpadded(text);
  const isPaddedWell = digits.length === text.length || text.length % 4 === 0;
  if (!isPaddedWell || encodeBinaryValue(bytes) !== digits) {
    throw invalidRequest(`malformed metadata ${quote(name)}: expected base64, got ${quote(text)}`);
  }
  return bytes;
}

function unpadded(base64: string): string {
  return base64.replace(/={1,2}$/, '');
}
