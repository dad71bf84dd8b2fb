import { connect as connectSocket } from 'node:net';
import { Duplex, Transform } from 'node:stream';
import { RawClient } from './grpc-client.js';
import { FRAME_TYPE, framesOf, lastStreamOf } from './h2-frames.js';

/** Streams that the first of two GOAWAYs refuses: none. */
const EVERY_STREAM = 2 ** 31 - 1;
const FRAME_HEAD_BYTES = 9;

export interface LoadCall {
  readonly streamId: number;
  readonly status: number | undefined;
  readonly text: string | undefined;
}

/** Callers on one connection, each with a call under way at every moment until the server sends the connection away. */
export class CallLoad implements AsyncDisposable {
  readonly calls: LoadCall[] = [];
  /** Resolves when every caller knows that no further call is possible and has its last answer. */
  readonly ended: Promise<void>;
  readonly #client: RawClient;
  readonly #goaways: GoawayTap;
  readonly #path: string;
  readonly #message: Uint8Array;

  static async start(address: string, path: string, message: Uint8Array, callers: number): Promise<CallLoad> {
    const goaways = new GoawayTap();
    const client = await RawClient.connect(address, { createConnection: () => tapped(address, goaways) });
    return new CallLoad(client, goaways, path, message, callers);
  }

  private constructor(client: RawClient, goaways: GoawayTap, path: string, message: Uint8Array, callers: number) {
    this.#client = client;
    this.#goaways = goaways;
    this.#path = path;
    this.#message = message;
    this.ended = Promise.all(Array.from({ length: callers }, () => this.#call())).then(() => undefined);
  }

  /** The last stream that the server takes; undefined until it has said so. */
  get lastStreamId(): number | undefined {
    return this.#goaways.lastStreamId;
  }

  /** The calls at or below the last stream; all of them where the client was gone before the server named one. */
  get accepted(): LoadCall[] {
    const last = this.lastStreamId ?? EVERY_STREAM;
    return this.calls.filter(({ streamId }) => streamId <= last);
  }

  async #call(): Promise<void> {
    while (!this.#client.session.closed) {
      const call = this.#client.open(this.#path);
      const streamId = call.stream.id ?? 0;
      call.send(this.#message);
      call.stream.end();
      const { status, text } = await call.answer;
      this.calls.push({ streamId, status, text });
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#client[Symbol.asyncDispose]();
    await this.ended;
  }
}

/**
 * Reads GOAWAYs off the wire: node:http2 drops the news of one that closes the last of its streams. Bytes pass unchanged.
 */
class GoawayTap extends Transform {
  lastStreamId: number | undefined;
  #rest = Buffer.alloc(0);

  override _transform(chunk: Buffer, _encoding: BufferEncoding, done: (error: null, chunk: Buffer) => void): void {
    const received = Buffer.concat([this.#rest, chunk]);
    let read = 0;
    for (const frame of framesOf(received)) {
      read += FRAME_HEAD_BYTES + frame.payload.length;
      if (frame.type === FRAME_TYPE.goaway && lastStreamOf(frame) !== EVERY_STREAM) this.lastStreamId = lastStreamOf(frame);
    }
    this.#rest = received.subarray(read);
    done(null, chunk);
  }
}

function tapped(address: string, tap: GoawayTap): Duplex {
  const [host, port] = address.split(':');
  const socket = connectSocket({ host: host ?? '', port: Number(port) });
  socket.on('error', (error) => tap.destroy(error));
  return Duplex.from({ readable: socket.pipe(tap), writable: socket });
}
