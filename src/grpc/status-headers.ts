import type { CallStatus } from '../wire/status.js';

/** The trailers that end a call, by name. */
export function statusHeaders(status: CallStatus): Record<string, string> {
  return {
    'grpc-status': String(status.code),
    'grpc-message': percentEncode(status.message),
    ...(status.details !== undefined && { 'grpc-status-details-bin': base64(status.details) }),
    ...(status.pushbackMs !== undefined && { 'grpc-retry-pushback-ms': String(Math.round(status.pushbackMs)) }),
  };
}

/**
 * As the gRPC specification wants `grpc-message`: UTF-8, with every byte outside the printable ASCII, and '%', as %XX. So is a space at either end, where
 * no field may have one: RFC 9113, section 8.2.1.
 */
export function percentEncode(text: string): string {
  if (/^(?! )[ -$&-~]*(?<! )$/.test(text)) return text;
  let encoded = '';
  for (const byte of Buffer.from(text, 'utf8')) {
    const plain = byte >= 0x20 && byte <= 0x7e && byte !== 0x25;
    encoded += plain ? String.fromCharCode(byte) : `%${byte.toString(16).toUpperCase().padStart(2, '0')}`;
  }
  return encoded.replace(/^ | $/g, '%20');
}

function base64(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('base64');
}
