import type { ControlFrames } from './control-frames.js';
import { ERROR_CODE, type ErrorCode, protocolError } from './error-code.js';
import { FLAG } from './frame.js';
import type { ReceiveWindows } from './receive-windows.js';
import type { Stream } from './stream.js';
import type { StreamTable } from './stream-table.js';

/** Takes DATA, RFC 9113 section 6.1, to its stream as it comes. */
export class BodyReader {
  readonly #streams: StreamTable;
  readonly #windows: ReceiveWindows;
  readonly #control: ControlFrames;
  /** Of the present frame; undefined where nobody takes it. */
  #stream: Stream | undefined;
  #isLast = false;
  /** Of the present frame, where it is padded: what of it has not been passed on. */
  #padding = 0;

  constructor(streams: StreamTable, windows: ReceiveWindows, control: ControlFrames) {
    this.#streams = streams;
    this.#windows = windows;
    this.#control = control;
  }

  onHead(flags: number, streamId: number, length: number): void {
    // Section 5.1.1; stream 0 is the connection.
    if (streamId % 2 === 0) throw protocolError('DATA is on a stream that no client has');
    this.#windows.take(length);
    this.#isLast = (flags & FLAG.END_STREAM) !== 0;
    const isPadded = (flags & FLAG.PADDED) !== 0;
    // Sections 6.1 and 10.5.
    if ((length === 0 || isPadded) && !this.#isLast) this.#control.spend();
    const stream = this.#streams.find(streamId);
    if (stream === undefined) this.#dropStray(streamId, length);
    else if (stream.remoteClosed) this.#drop(stream, length, ERROR_CODE.STREAM_CLOSED);
    else if (!this.#windows.takeOf(stream, length)) this.#drop(stream, length, ERROR_CODE.FLOW_CONTROL_ERROR);
    else {
      this.#stream = stream;
      this.#padding = isPadded ? length : 0;
    }
  }

  /** Part of the payload. Its listener gives it back to the windows; what comes for a stream that is over meanwhile, nobody else would. */
  onPiece(bytes: Buffer, start: number, end: number): void {
    const stream = this.#stream;
    if (stream === undefined) return;
    const length = end - start;
    if (this.#padding > 0) this.#padding -= length;
    if (stream.contentLeft !== undefined) stream.contentLeft -= length;
    if (stream.isOver) this.#windows.giveBack(length);
    else stream.tellData(bytes, start, end);
  }

  onEnd(): void {
    const stream = this.#stream;
    if (stream === undefined) return;
    this.#stream = undefined;
    // Padding counts against the windows and nobody consumes it.
    if (this.#padding > 0) this.#windows.giveBackOf(stream, this.#padding);
    this.#padding = 0;
    if (stream.isOver) return;
    // Section 8.1.1.
    if (stream.contentLeft !== undefined && stream.contentLeft < 0) this.#streams.refuse(stream, ERROR_CODE.PROTOCOL_ERROR);
    else if (this.#isLast) this.#streams.endRequest(stream);
  }

  /** DATA of a stream that is not there any more. */
  #dropStray(streamId: number, length: number): void {
    this.#streams.assertStray(streamId, 'DATA');
    if (!this.#streams.takeStray(length)) this.#control.spend();
    this.#windows.giveBack(length);
  }

  #drop(stream: Stream, length: number, code: ErrorCode): void {
    this.#windows.giveBack(length);
    this.#streams.refuse(stream, code);
  }
}
