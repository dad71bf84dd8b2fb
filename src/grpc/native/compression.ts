import { promisify } from 'node:util';
import { gunzip, inflate } from 'node:zlib';
import type { Turns } from './turns.js';
import { malformed, tooLargeUnpacked } from './unreadable.js';

const UNPACK = { gzip: promisify(gunzip), deflate: promisify(inflate) } as const;

/** Encodings that messages may come in, as `grpc-encoding` names them; what it does not name is refused on the headers. */
export type MessageEncoding = 'identity' | keyof typeof UNPACK;

export function isMessageEncoding(name: string | undefined): name is MessageEncoding {
  return name === 'identity' || name === 'gzip' || name === 'deflate';
}

/** Whom a message is decompressed for. */
export interface Recipient {
  /** Takes no message any more. */
  readonly isDeaf: boolean;
}

/** The compressed messages of a server, each as it was. In the system's threads, a few at a time and in turn: a small one can take long to become a large one. */
export class Decompressor {
  readonly #maxMessageBytes: number;
  readonly #turns: Turns;

  constructor(maxMessageBytes: number, turns: Turns) {
    this.#maxMessageBytes = maxMessageBytes;
    this.#turns = turns;
  }

  /**
   * Rejects with UnreadableBody as soon as it is over the limit, for what is not in the encoding, and where no encoding was named: gRPC's "Compression"
   * wants INTERNAL for that. Nothing is done for a recipient that is deaf when its turn comes.
   */
  async decompress(message: Buffer, encoding: MessageEncoding, recipient: Recipient): Promise<Buffer> {
    if (encoding === 'identity') throw malformed('a message is marked as compressed, but no grpc-encoding is named');
    await this.#turns.take();
    try {
      return recipient.isDeaf ? message : await this.#unpack(message, encoding);
    } finally {
      this.#turns.pass();
    }
  }

  async #unpack(message: Buffer, encoding: keyof typeof UNPACK): Promise<Buffer> {
    try {
      return await UNPACK[encoding](message, { maxOutputLength: this.#maxMessageBytes });
    } catch (error) {
      throw isTooLarge(error) ? tooLargeUnpacked(this.#maxMessageBytes) : malformed('Failed to decompress message', error);
    }
  }
}

function isTooLarge(error: unknown): boolean {
  return typeof error === 'object' && error !== null && 'code' in error && error.code === 'ERR_BUFFER_TOO_LARGE';
}
