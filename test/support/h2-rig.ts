import { Connection, type ConnectionEvents, type ConnectionLimits } from '../../src/http2/connection.js';
import { HeaderField } from '../../src/http2/hpack/header-field.js';
import type { RequestHead } from '../../src/http2/request-head.js';
import type { Stream, StreamListener } from '../../src/http2/stream.js';
import { FakeSocket } from './fake-socket.js';
import { FRAME_TYPE, type Frame, framesOf, prefaceAndSettings, readGoaway } from './h2-frames.js';
import { ManualClock } from './manual-clock.js';

export const GENEROUS_LIMITS: ConnectionLimits = {
  maxConcurrentStreams: 100,
  maxHeaderListBytes: 16 * 1024,
  streamWindowBytes: 65_535,
  connectionWindowBytes: 0,
  maxStreamWindowBytes: 1024 * 1024,
  highWaterBytes: 64 * 1024,
  resets: { burst: 1000, perSecond: 100 },
  controlFrames: { burst: 1000, perSecond: 100 },
  prefaceTimeoutMs: 10_000,
  frameTimeoutMs: 10_000,
  settingsTimeoutMs: 10_000,
  keepaliveMs: 60_000,
  keepaliveTimeoutMs: 20_000,
  idleMs: Number.POSITIVE_INFINITY,
  maxAgeMs: Number.POSITIVE_INFINITY,
  graceMs: Number.POSITIVE_INFINITY,
  leaveTimeoutMs: 1000,
};

/** A request as its listener saw it. */
export class SeenRequest implements StreamListener {
  readonly stream: Stream;
  readonly head: RequestHead | undefined;
  body = '';
  bytes = 0;
  ends = 0;
  drains = 0;
  readonly resets: number[] = [];
  /** Whether what comes is consumed at once. */
  consumes = true;

  constructor(stream: Stream, head: RequestHead | undefined) {
    this.stream = stream;
    this.head = head;
  }

  onData(bytes: Buffer, start: number, end: number): void {
    this.body += bytes.toString('latin1', start, end);
    this.bytes += end - start;
    if (this.consumes) this.stream.consume(end - start);
  }

  onEnd(): void {
    this.ends += 1;
  }

  onReset(code: number): void {
    this.resets.push(code);
  }

  onDrain(): void {
    this.drains += 1;
  }
}

/** A connection over a socket without a network, and what became of it. */
export class H2Rig implements ConnectionEvents {
  readonly socket = new FakeSocket();
  readonly clock = new ManualClock();
  readonly requests: SeenRequest[] = [];
  readonly errors: unknown[] = [];
  leaving = 0;
  closed = 0;
  /** What is done with a request beyond listening to it. */
  handle: (request: SeenRequest) => void = () => undefined;
  readonly connection: Connection;

  constructor(limits: Partial<ConnectionLimits> = {}) {
    this.connection = new Connection(this.socket.asSocket(), { ...GENEROUS_LIMITS, ...limits }, this, this.clock);
  }

  /** A connection whose preface and settings are exchanged. */
  static async greeted(limits: Partial<ConnectionLimits> = {}): Promise<H2Rig> {
    const rig = new H2Rig(limits);
    rig.receive(prefaceAndSettings());
    await rig.sent();
    return rig;
  }

  onRequest(stream: Stream, head: RequestHead): void {
    this.#take(new SeenRequest(stream, head));
  }

  onOversizedRequest(stream: Stream): void {
    this.#take(new SeenRequest(stream, undefined));
  }

  onLeaving(): void {
    this.leaving += 1;
  }

  onClosed(): void {
    this.closed += 1;
  }

  onInternalError(error: unknown): void {
    this.errors.push(error);
  }

  request(index = 0): SeenRequest {
    const request = this.requests[index];
    if (request === undefined) throw new Error(`there is no request ${index}`);
    return request;
  }

  receive(...frames: readonly Buffer[]): void {
    this.socket.receive(Buffer.concat(frames));
  }

  /** The frames that were written since the last time, those of the present turn with them. */
  async sent(): Promise<Frame[]> {
    await new Promise((resolve) => setImmediate(resolve));
    return framesOf(this.socket.take());
  }

  /** The code and the text of the GOAWAY that ends the connection. */
  async failure(): Promise<{ readonly code: number; readonly text: string } | undefined> {
    const goaway = (await this.sent()).find(({ type }) => type === FRAME_TYPE.goaway);
    return goaway && readGoaway(goaway);
  }

  /** Of each stream that was reset. */
  async resets(): Promise<(readonly [streamId: number, code: number])[]> {
    const frames = (await this.sent()).filter(({ type }) => type === FRAME_TYPE.reset);
    return frames.map(({ streamId, payload }) => [streamId, payload.readUInt32BE(0)] as const);
  }

  #take(request: SeenRequest): void {
    this.requests.push(request);
    request.stream.listener = request;
    this.handle(request);
  }
}

export const OK_HEADERS = [new HeaderField(':status', '200')];
