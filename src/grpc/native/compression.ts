import { promisify } from 'node:util';
import { gunzip, inflate } from 'node:zlib';
import { malformed, tooLargeUnpacked } from './unreadable.js';

const UNPACK = { gzip: promisify(gunzip), deflate: promisify(inflate) } as const;

/** Encodings that messages may come in, as `grpc-encoding` names them; what it does not name is refused on the headers. */
export type MessageEncoding = 'identity' | keyof typeof UNPACK;

export function isMessageEncoding(name: string | undefined): name is MessageEncoding {
  return name === 'identity' || name === 'gzip' || name === 'deflate';
}

/**
 * A compressed message as it was, in the system's threads: a small one can take long to become a large one. Rejects with UnreadableBody as soon
 * as it is over the limit, and for what is not in the encoding.
 */
export async function decompress(message: Buffer, encoding: MessageEncoding, maxMessageBytes: number): Promise<Buffer> {
  if (encoding === 'identity') return message;
  try {
    return await UNPACK[encoding](message, { maxOutputLength: maxMessageBytes });
  } catch (error) {
    throw isTooLarge(error) ? tooLargeUnpacked(maxMessageBytes) : malformed('Failed to decompress message', error);
  }
}

function isTooLarge(error: unknown): boolean {
  return typeof error === 'object' && error !== null && 'code' in error && error.code === 'ERR_BUFFER_TOO_LARGE';
}
