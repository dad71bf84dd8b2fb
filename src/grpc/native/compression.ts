import { promisify } from 'node:util';
import { gunzip, inflate } from 'node:zlib';
import { malformed, tooLargeUnpacked } from './unreadable.js';

const UNPACK = { gzip: promisify(gunzip), deflate: promisify(inflate) } as const;

/** As many as the system has threads for it: more at a time would be no faster, and each may become as large as a message can be. */
const MAX_AT_A_TIME = 4;

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
  readonly #waiting: (() => void)[] = [];
  #running = 0;

  constructor(maxMessageBytes: number) {
    this.#maxMessageBytes = maxMessageBytes;
  }

  /**
   * Rejects with UnreadableBody as soon as it is over the limit, for what is not in the encoding, and where no encoding was named: gRPC's "Compression"
   * wants INTERNAL for that. Nothing is done for a recipient that is deaf when its turn comes.
   */
  async decompress(message: Buffer, encoding: MessageEncoding, recipient: Recipient): Promise<Buffer> {
    if (encoding === 'identity') throw malformed('a message is marked as compressed, but no grpc-encoding is named');
    await this.#turn();
    try {
      return recipient.isDeaf ? message : await this.#unpack(message, encoding);
    } finally {
      this.#pass();
    }
  }

  async #turn(): Promise<void> {
    if (this.#running < MAX_AT_A_TIME) this.#running += 1;
    else await new Promise<void>((resolve) => this.#waiting.push(resolve));
  }

  /** Whoever waits has the place from now on. */
  #pass(): void {
    const next = this.#waiting.shift();
    if (next === undefined) this.#running -= 1;
    else next();
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
