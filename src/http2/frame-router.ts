import { BodyReader } from './body-reader.js';
import type { ControlFrames } from './control-frames.js';
import { protocolError } from './error-code.js';
import { FLAG, FRAME } from './frame.js';
import { FrameReader, type FrameSink } from './frame-reader.js';
import { HeaderReader } from './header-reader.js';
import type { Lifetime } from './lifetime.js';
import type { ReceiveWindows } from './receive-windows.js';
import type { Sender } from './sender.js';
import { StreamFrames } from './stream-frames.js';
import type { StreamTable } from './stream-table.js';

/** Where frames go to. */
export interface FrameRouterParts {
  readonly streams: StreamTable;
  readonly windows: ReceiveWindows;
  readonly control: ControlFrames;
  readonly sender: Sender;
  readonly lifetime: Lifetime;
}

/** Reads what a peer sends and brings each frame to its place, if it may come there at all: RFC 9113 sections 3.4, 4.3 and 6. */
export class FrameRouter implements FrameSink {
  readonly #reader = new FrameReader(this);
  readonly #headers: HeaderReader;
  readonly #body: BodyReader;
  readonly #control: ControlFrames;
  readonly #streamFrames: StreamFrames;
  readonly #lifetime: Lifetime;
  /** The number of the frame that began the present header block. */
  #headersFrame = 0;

  constructor(maxHeaderListBytes: number, { streams, windows, control, sender, lifetime }: FrameRouterParts) {
    this.#headers = new HeaderReader(maxHeaderListBytes, streams, control);
    this.#body = new BodyReader(streams, windows, control);
    this.#control = control;
    this.#streamFrames = new StreamFrames(streams, sender);
    this.#lifetime = lifetime;
  }

  /** The number of the frame or of the header block that has begun but not ended. */
  get unfinished(): number | undefined {
    return this.#headers.isWithinBlock ? this.#headersFrame : this.#reader.unfinishedFrame;
  }

  /** As FrameReader says. Throws ConnectionError or HpackError; then it is to be stopped. */
  read(chunk: Buffer, maxFrames: number): number {
    return this.#reader.read(chunk, maxFrames);
  }

  /** Nothing more is read, not even what is left of the present chunk. */
  stop(): void {
    this.#reader.stop();
  }

  onPreface(): void {
    this.#lifetime.prefaceCame();
  }

  onFrame(type: number, flags: number, streamId: number, bytes: Buffer, start: number, end: number): void {
    if (this.#headers.isWithinBlock) return this.#headers.onContinuation(type, flags, streamId, bytes, start, end);
    if (this.#lifetime.awaitsSettings) assertFirst(type, flags);
    switch (type) {
      case FRAME.HEADERS:
        this.#headersFrame = this.#reader.frames;
        return this.#headers.onHeaders(flags, streamId, bytes, start, end);
      case FRAME.RST_STREAM:
        return this.#streamFrames.onReset(streamId, bytes, start, end);
      case FRAME.SETTINGS:
        return this.#control.onSettings(flags, streamId, bytes, start, end);
      case FRAME.PING:
        return this.#control.onPing(flags, streamId, bytes, start, end);
      case FRAME.GOAWAY:
        return this.#control.onGoaway(streamId, start, end);
      case FRAME.WINDOW_UPDATE:
        return this.#onWindowUpdate(streamId, bytes, start, end);
      case FRAME.PRIORITY:
        this.#control.spend();
        return this.#streamFrames.onPriority(streamId, bytes, start, end);
      case FRAME.PUSH_PROMISE:
        throw protocolError('a client cannot promise a push');
      case FRAME.CONTINUATION:
        throw protocolError('a CONTINUATION frame continues nothing');
      default:
        // Section 5.5: what is unknown is ignored.
        this.#control.spend();
    }
  }

  onDataHead(flags: number, streamId: number, length: number): void {
    if (this.#headers.isWithinBlock) throw protocolError('a header block is interrupted by another frame');
    if (this.#lifetime.awaitsSettings) assertFirst(FRAME.DATA, flags);
    this.#body.onHead(flags, streamId, length);
  }

  onDataPiece(bytes: Buffer, start: number, end: number): void {
    this.#body.onPiece(bytes, start, end);
  }

  onDataEnd(): void {
    this.#body.onEnd();
  }

  #onWindowUpdate(streamId: number, bytes: Buffer, start: number, end: number): void {
    const increment = this.#control.readIncrement(bytes, start, end);
    if (streamId === 0) this.#control.onWindowUpdate(increment);
    else this.#streamFrames.onWindowUpdate(streamId, increment);
  }
}

/** Section 3.4: the preface goes on with a SETTINGS frame. */
function assertFirst(type: number, flags: number): void {
  if (type !== FRAME.SETTINGS || flags & FLAG.ACK) throw protocolError('the first frame is not SETTINGS');
}
