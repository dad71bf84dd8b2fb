import { promisify } from 'node:util';
import { deflate, gzip } from 'node:zlib';
import type { HeaderField } from '../../http2/hpack/header-field.js';
import type { ResponseCompression } from '../server-options.js';
import type { Turns } from './turns.js';

const PACK = { gzip: promisify(gzip), deflate: promisify(deflate) } as const;

/** What messages may be compressed in, as `grpc-encoding` names it. */
export type PackedEncoding = keyof typeof PACK;

/** How zlib calls the levels. */
const LEVELS = { low: 1, medium: 6, high: 9 } as const satisfies Record<Exclude<ResponseCompression, 'none'>, number>;

/** A smaller message goes into one packet as it is: nothing would be won for the time that it takes. */
export const MIN_PACKED_BYTES = 1024;

/** Whose messages are compressed. */
export interface PackedSender {
  /** Sends nothing any more. */
  readonly isStopped: boolean;
}

/** Compresses messages in one encoding: in the system's threads, in turn with whatever else is done there. */
export class MessageCompressor {
  readonly encoding: PackedEncoding;
  readonly #level: number;
  readonly #turns: Turns;

  constructor(encoding: PackedEncoding, level: Exclude<ResponseCompression, 'none'>, turns: Turns) {
    this.encoding = encoding;
    this.#level = LEVELS[level];
    this.#turns = turns;
  }

  /**
   * Undefined where the message is to go as it is: it does not become smaller, or cannot be compressed. The message must stay as it is until then.
   * Nothing is done for a sender that has stopped when its turn comes. Never rejects.
   */
  async compress(message: Uint8Array, sender: PackedSender): Promise<Buffer | undefined> {
    await this.#turns.take();
    try {
      if (sender.isStopped) return undefined;
      return await PACK[this.encoding](message, { level: this.#level, maxOutputLength: message.length - 1 });
    } catch {
      return undefined;
    } finally {
      this.#turns.pass();
    }
  }
}

/** The compressors of a server, of which each call takes the one that its client understands. */
export class MessageCompressors {
  readonly #gzip: MessageCompressor;
  readonly #deflate: MessageCompressor;

  constructor(level: Exclude<ResponseCompression, 'none'>, turns: Turns) {
    this.#gzip = new MessageCompressor('gzip', level, turns);
    this.#deflate = new MessageCompressor('deflate', level, turns);
  }

  /** By the `grpc-accept-encoding` of a request; undefined where it names neither. */
  chooseFor(fields: readonly HeaderField[]): MessageCompressor | undefined {
    const accepted = fields.filter(({ name }) => name === 'grpc-accept-encoding').flatMap(({ value }) => value.split(','));
    const names = new Set(accepted.map((name) => name.trim()));
    if (names.has('gzip')) return this.#gzip;
    return names.has('deflate') ? this.#deflate : undefined;
  }
}
