import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { until } from './grpc-server.js';
import { FRAME_TYPE, type Frame, framesOf, prefaceAndSettings, readGoaway, settingsAckFrame } from './h2-frames.js';

/** A client over a real socket that sends what it is told to, answers nothing by itself, and keeps the frames that come. */
export class FramePeer implements AsyncDisposable {
  readonly socket: Socket;
  readonly frames: Frame[] = [];
  #rest: Buffer = Buffer.alloc(0);

  /** "host:port"; nothing is sent yet. */
  static async connect(address: string): Promise<FramePeer> {
    const port = Number(address.split(':').pop());
    const socket = connect({ port, host: '127.0.0.1' });
    const peer = new FramePeer(socket);
    await once(socket, 'connect');
    return peer;
  }

  /** Preface and settings are exchanged, acknowledgements and all. */
  static async greeted(address: string): Promise<FramePeer> {
    const peer = await FramePeer.connect(address);
    peer.send(prefaceAndSettings(), settingsAckFrame());
    await until(() => peer.all(FRAME_TYPE.settings).length === 2);
    return peer;
  }

  private constructor(socket: Socket) {
    this.socket = socket;
    socket.setNoDelay(true);
    // A server that closes while we send resets us.
    socket.on('error', () => undefined);
    socket.on('data', (chunk: Buffer) => this.#take(chunk));
  }

  send(...frames: readonly Buffer[]): void {
    this.socket.write(Buffer.concat(frames));
  }

  all(type: number): Frame[] {
    return this.frames.filter((frame) => frame.type === type);
  }

  /** The frames of one stream. */
  of(streamId: number): Frame[] {
    return this.frames.filter((frame) => frame.streamId === streamId);
  }

  /** Code and text of the first GOAWAY; waits for it. */
  async goaway(): Promise<readonly [code: number, text: string]> {
    await until(() => this.all(FRAME_TYPE.goaway).length > 0 || this.socket.destroyed);
    const [first] = this.all(FRAME_TYPE.goaway);
    if (first === undefined) throw new Error('the connection was closed without a GOAWAY');
    const { code, text } = readGoaway(first);
    return [code, text];
  }

  /** The code of the stream's RST_STREAM; waits for it. */
  async resetOf(streamId: number): Promise<number | undefined> {
    const resets = () => this.of(streamId).filter(({ type }) => type === FRAME_TYPE.reset);
    await until(() => resets().length > 0 || this.socket.destroyed);
    return resets()[0]?.payload.readUInt32BE(0);
  }

  /** Gone without a word. */
  drop(): void {
    this.socket.resetAndDestroy();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.socket.closed) return;
    this.socket.destroy();
    await once(this.socket, 'close');
  }

  #take(chunk: Buffer): void {
    this.#rest = Buffer.concat([this.#rest, chunk]);
    for (const frame of framesOf(this.#rest)) {
      this.frames.push(frame);
      this.#rest = this.#rest.subarray(9 + frame.payload.length);
    }
  }
}
