/** A header block that cannot be decoded: the state that both sides share is lost, and with it the connection (RFC 9113 section 4.3, COMPRESSION_ERROR). */
export class HpackError extends Error {
  override readonly name = 'HpackError';
}
