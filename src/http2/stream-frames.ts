import { ERROR_CODE, frameSizeError, protocolError } from './error-code.js';
import { readUint31, readUint32 } from './frame.js';
import { PRIORITY_BYTES } from './header-block.js';
import type { Sender } from './sender.js';
import type { StreamTable } from './stream-table.js';

const RESET_BYTES = 4;

/** Frames of a stream that carry nothing of its messages: RST_STREAM, WINDOW_UPDATE and PRIORITY. */
export class StreamFrames {
  readonly #streams: StreamTable;
  readonly #sender: Sender;

  constructor(streams: StreamTable, sender: Sender) {
    this.#streams = streams;
    this.#sender = sender;
  }

  /** RFC 9113 section 6.4. */
  onReset(streamId: number, bytes: Buffer, start: number, end: number): void {
    if (end - start !== RESET_BYTES) throw frameSizeError('a RST_STREAM frame has not four bytes');
    if (this.#streams.isIdle(streamId)) throw protocolError('RST_STREAM is on an idle stream');
    this.#streams.spendReset();
    const stream = this.#streams.find(streamId);
    if (stream !== undefined) this.#streams.resetByPeer(stream, readUint32(bytes, start));
  }

  /** Section 6.9. */
  onWindowUpdate(streamId: number, increment: number): void {
    if (this.#streams.isIdle(streamId)) throw protocolError('WINDOW_UPDATE is on an idle stream');
    const stream = this.#streams.find(streamId);
    if (stream === undefined) return;
    if (increment === 0) this.#streams.refuse(stream, ERROR_CODE.PROTOCOL_ERROR);
    else if (this.#sender.widenStream(stream, increment)) this.#sender.pump();
    else this.#streams.refuse(stream, ERROR_CODE.FLOW_CONTROL_ERROR);
  }

  /** Section 6.3. Priorities have no effect, as section 5.3.2 allows. */
  onPriority(streamId: number, bytes: Buffer, start: number, end: number): void {
    if (streamId === 0) throw protocolError('a PRIORITY frame is on no stream');
    const isIdle = this.#streams.isIdle(streamId);
    if (end - start !== PRIORITY_BYTES) {
      // A stream that was never opened cannot be reset: section 6.4.
      if (isIdle) throw frameSizeError('a PRIORITY frame has not five bytes');
      this.#streams.refuseById(streamId, ERROR_CODE.FRAME_SIZE_ERROR);
    } else if (readUint31(bytes, start) === streamId) {
      // RFC 7540 section 5.3.1, of a scheme that RFC 9113 has given up; peers are still held to it.
      if (isIdle) throw protocolError('a stream depends on itself');
      this.#streams.refuseById(streamId, ERROR_CODE.PROTOCOL_ERROR);
    }
  }
}
