import type { Method } from '../../src/grpc/call.js';
import type { GrpcServerOptions } from '../../src/grpc/server-options.js';
import { FramePeer } from './frame-peer.js';
import { frame } from './grpc-client.js';
import { unary } from './grpc-methods.js';
import { serviceOf, startServer, type TestServer, until } from './grpc-server.js';
import { dataFrame, endsStream, FRAME_TYPE, type Frame, grpcHeadersFrame } from './h2-frames.js';
import { ManualClock } from './manual-clock.js';
import { ReferenceHpack } from './reference-hpack.js';

/** What HTTP/2 lets an encoder keep unless it is told otherwise. */
const TABLE_BYTES = 4096;

/** What came on a stream, in its order: of a header block its fields, of DATA its length. */
export type Answered = Readonly<Record<string, string>> | number;

export const ANSWER_HEAD = { ':status': '200', 'content-type': 'application/grpc+proto', 'grpc-accept-encoding': 'identity,deflate,gzip' };
export const ECHO = '/test.Test/Echo';
/** To "hello". */
export const ECHOED: readonly Answered[] = [ANSWER_HEAD, frame('hello').length, { 'grpc-status': '0' }];

/** A request with the message "hello". */
export function helloTo(path: string, streamId: number): Buffer {
  return Buffer.concat([grpcHeadersFrame(streamId, path), dataFrame(streamId, frame('hello'), true)]);
}

/** What came on a stream so far, of all that came on its connection since it began: header blocks build on each other. */
export function answeredOn(streamId: number, frames: readonly Frame[]): Answered[] {
  const hpack = new ReferenceHpack(TABLE_BYTES);
  const answered: Answered[] = [];
  for (const { type, streamId: id, payload } of frames) {
    const fields = type === FRAME_TYPE.headers ? Object.fromEntries(hpack.decode(payload)) : undefined;
    if (id !== streamId) continue;
    if (fields !== undefined) answered.push(fields);
    if (type === FRAME_TYPE.data) answered.push(payload.length);
  }
  return answered;
}

/** What a stream was answered with; waits for the end of the answer, or of the connection. */
export async function answerOn(peer: FramePeer, streamId: number): Promise<Answered[]> {
  await until(() => peer.of(streamId).some(endsStream) || peer.socket.destroyed);
  return answeredOn(streamId, peer.frames);
}

/** A server of the native transport whose clock stands still, Echo among its methods, and one client of it that speaks in frames. */
export class NativeRig implements AsyncDisposable {
  readonly clock: ManualClock;
  readonly at: TestServer;
  readonly peer: FramePeer;

  static async start(methods: readonly Method[] = [], options: Partial<GrpcServerOptions> = {}): Promise<NativeRig> {
    const clock = new ManualClock();
    const services = [
      serviceOf(
        unary('Echo', async (text) => text),
        ...methods,
      ),
    ];
    const at = await startServer(services, { ...options, transport: 'native' }, clock);
    return new NativeRig(clock, at, await FramePeer.greeted(at.address));
  }

  private constructor(clock: ManualClock, at: TestServer, peer: FramePeer) {
    this.clock = clock;
    this.at = at;
    this.peer = peer;
  }

  answer(streamId: number): Promise<Answered[]> {
    return answerOn(this.peer, streamId);
  }

  /** The answer to a call of Echo. */
  echo(streamId: number): Promise<Answered[]> {
    this.peer.send(helloTo(ECHO, streamId));
    return this.answer(streamId);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.peer[Symbol.asyncDispose]();
    await this.at[Symbol.asyncDispose]();
  }
}
