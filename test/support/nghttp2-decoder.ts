import { once } from 'node:events';
import { type ClientHttp2Session, type ClientHttp2Stream, connect } from 'node:http2';
import { Duplex } from 'node:stream';
import { turns } from './event-loop.js';
import {
  continuationFrame,
  type Field,
  FRAME_TYPE,
  framesOf,
  headerBlockFrame,
  readGoaway,
  settingsAckFrame,
  settingsFrame,
} from './h2-frames.js';

/** What became of a header block. */
export type Decoding =
  | { readonly kind: 'fields'; readonly fields: readonly Field[] }
  /** It was decoded, and is no answer that HTTP may have: its stream is reset, the tables go on. */
  | { readonly kind: 'malformed' }
  /** It cannot be decoded: the connection is over. */
  | { readonly kind: 'refused' };

const COMPRESSION_ERROR = 9;
const PROTOCOL_ERROR = 1;
const PATIENCE_TURNS = 1000;

/**
 * nghttp2's decoder, which nobody hands out, seen through the client of node:http2 that answers come to. Each block has to be that of an interim answer
 * (:status 103), of which a stream may have any number.
 */
export class Nghttp2Decoder implements AsyncDisposable {
  readonly #line = new Line();
  readonly #session: ClientHttp2Session;
  #stream: ClientHttp2Stream | undefined;
  #fields: readonly Field[] | undefined;

  private constructor(maxTableSize: number) {
    this.#session = connect('http://localhost', {
      createConnection: () => this.#line,
      maxHeaderListPairs: 2 ** 20,
      maxSessionMemory: 1000,
      settings: { headerTableSize: maxTableSize, maxHeaderListSize: 2 ** 32 - 1, enablePush: false },
    });
    // The frames tell all of it.
    this.#session.on('error', () => undefined);
  }

  static async open(maxTableSize: number): Promise<Nghttp2Decoder> {
    const decoder = new Nghttp2Decoder(maxTableSize);
    await turns(1);
    decoder.#line.push(Buffer.concat([settingsFrame(), settingsAckFrame()]));
    await turns(1);
    return decoder;
  }

  /** Of a block that comes in these pieces, each small enough for a frame. */
  async decode(pieces: readonly Buffer[]): Promise<Decoding> {
    this.#stream ??= await this.#request();
    const streamId = this.#stream.id ?? 0;
    this.#fields = undefined;
    const last = pieces.length - 1;
    const frames = pieces.map((piece, at) =>
      at === 0 ? headerBlockFrame(streamId, piece, { endHeaders: at === last }) : continuationFrame(streamId, piece, at === last),
    );
    this.#line.written();
    this.#line.push(Buffer.concat(frames));
    for (let left = PATIENCE_TURNS; left > 0; left--) {
      await turns(1);
      const decoding = this.#outcome(streamId);
      if (decoding !== undefined) return decoding;
    }
    throw new Error(`nghttp2 says nothing of ${Buffer.concat(pieces).toString('hex')}`);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const { destroyed } = this.#session;
    this.#session.destroy();
    if (!destroyed) await once(this.#session, 'close');
  }

  async #request(): Promise<ClientHttp2Stream> {
    const stream = this.#session.request({ ':method': 'POST', ':path': '/' });
    stream.on('headers', (...[, , raw]: readonly unknown[]) => {
      this.#fields = pairs(raw);
    });
    stream.on('error', () => undefined);
    await turns(1);
    return stream;
  }

  #outcome(streamId: number): Decoding | undefined {
    const frames = framesOf(this.#line.written());
    const goaway = frames.find(({ type }) => type === FRAME_TYPE.goaway);
    if (goaway !== undefined) {
      assertCode(readGoaway(goaway).code, COMPRESSION_ERROR);
      return { kind: 'refused' };
    }
    const reset = frames.find(({ type }) => type === FRAME_TYPE.reset);
    if (reset !== undefined) {
      assertCode(reset.payload.readUInt32BE(0), PROTOCOL_ERROR);
      if (reset.streamId !== streamId) throw new Error(`stream ${reset.streamId} is reset, not ${streamId}`);
      this.#stream = undefined;
      return { kind: 'malformed' };
    }
    return this.#fields && { kind: 'fields', fields: this.#fields };
  }
}

/** A socket without a network, of which this end is a server's. */
class Line extends Duplex {
  readonly #chunks: Buffer[] = [];

  /** Since the last time. */
  written(): Buffer {
    return Buffer.concat(this.#chunks.splice(0));
  }

  override _read(): void {}

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: () => void): void {
    this.#chunks.push(chunk);
    done();
  }
}

/** Of the third argument of the event, which the types do not have: names and values in turn, as they came. */
function pairs(raw: unknown): Field[] {
  if (!Array.isArray(raw)) throw new Error('node:http2 has given no raw headers');
  const fields: Field[] = [];
  for (let at = 0; at < raw.length; at += 2) fields.push([String(raw[at]), String(raw[at + 1])]);
  return fields;
}

function assertCode(actual: number, expected: number): void {
  if (actual !== expected) throw new Error(`nghttp2 ends it with code ${actual}, not ${expected}`);
}
