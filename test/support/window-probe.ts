import type { Connection } from '../../src/http2/connection.js';
import type { Stream, StreamListener } from '../../src/http2/stream.js';
import { turns } from './event-loop.js';
import type { ClientLedger, ServerLedger } from './fuzz-ledger.js';
import { dataFrame, grpcHeadersFrame } from './h2-frames.js';
import type { H2Rig } from './h2-rig.js';

const DEFAULT_WINDOW = 65_535;
const PROBE_ID = 2 ** 31 - 1;
const FRAME = Buffer.alloc(16_384);
const ENOUGH_STREAMS = 100;

/**
 * Whether a connection that owes nothing to any stream has all of its window: a last stream fills it, byte by byte as the client counts, until no more
 * is given back.
 */
export class WindowProbe implements StreamListener {
  readonly wrongs: string[] = [];
  readonly #rig: H2Rig;
  readonly #client: ClientLedger;
  readonly #server: ServerLedger;
  readonly #window: number;
  #stream: Stream | undefined;
  #received = 0;
  #sent = 0;

  constructor(rig: H2Rig, client: ClientLedger, server: ServerLedger, windowBytes: number) {
    this.#rig = rig;
    this.#client = client;
    this.#server = server;
    this.#window = Math.max(DEFAULT_WINDOW, windowBytes);
  }

  /** A probe sees only what a healthy connection does, and only where there is a number left for its stream. */
  static isPossible({ connection }: H2Rig, client: ClientLedger, server: ServerLedger): boolean {
    return client.isWhole && client.lastStreamId < PROBE_ID && !server.isLeaving && !connection.isLeaving;
  }

  /** The request that it asks for comes to it. */
  take(stream: Stream): void {
    this.#stream = stream;
    stream.listener = this;
    stream.expect(this.#window);
  }

  async run(connection: Connection): Promise<void> {
    connection.maxConcurrentStreams = ENOUGH_STREAMS;
    this.#rig.socket.receive(grpcHeadersFrame(PROBE_ID, '/probe'));
    await this.#listen();
    while (this.#left > 0) {
      for (let left = this.#left; left > 0; left -= FRAME.length) this.#send(FRAME.subarray(0, Math.min(left, FRAME.length)));
      await this.#listen();
    }
    if (this.#sent !== this.#window || this.#received !== this.#window)
      this.wrongs.push(`${this.#sent} bytes sent and ${this.#received} received in a window of ${this.#window}`);
    this.#stream?.consume(this.#received);
    this.#stream?.reset(8);
    await this.#listen();
    if (this.#left !== this.#window) this.wrongs.push(`${this.#left} bytes of a window of ${this.#window} came back`);
  }

  onData(_bytes: Buffer, start: number, end: number): void {
    this.#received += end - start;
  }

  onEnd(): void {
    this.wrongs.push('the probe has ended');
  }

  onReset(code: number): void {
    this.wrongs.push(`the probe is reset: ${code}`);
  }

  onDrain(): void {
    this.wrongs.push('the probe has room');
  }

  /** Of the connection's window, as the client counts. */
  get #left(): number {
    return DEFAULT_WINDOW + this.#server.widened - this.#client.dataBytes;
  }

  #send(bytes: Buffer): void {
    const frame = dataFrame(PROBE_ID, bytes, false);
    this.#client.send(frame);
    this.#sent += bytes.length;
    this.#rig.socket.receive(frame);
  }

  async #listen(): Promise<void> {
    await turns(1);
    this.#server.read(this.#rig.socket.take(), this.#client);
    if (this.#server.isLeaving) this.wrongs.push(`the probe ends the connection: ${this.#server.farewell}`);
  }
}
