import type { ErrorCode } from './error-code.js';
import { FLAG, FRAME, FRAME_HEAD_BYTES, writeFrameHead } from './frame.js';
import type { Output } from './output.js';
import { formatSettings } from './settings.js';

const MAX_DEBUG_TEXT = 200;
const NOTHING = Buffer.alloc(0);

/** Writes the frames that need no window and no header table: RFC 9113 sections 6.4 to 6.9. */
export class FrameWriter {
  readonly #output: Output;

  constructor(output: Output) {
    this.#output = output;
  }

  settings(entries: readonly (readonly [id: number, value: number])[]): void {
    this.#frame(FRAME.SETTINGS, 0, formatSettings(entries));
  }

  settingsAck(): void {
    this.#frame(FRAME.SETTINGS, FLAG.ACK, NOTHING);
  }

  ping(payload: Uint8Array): void {
    this.#frame(FRAME.PING, 0, payload);
  }

  pingAck(payload: Uint8Array): void {
    this.#frame(FRAME.PING, FLAG.ACK, payload);
  }

  /** The text is for whoever debugs the other side. */
  goaway(lastStreamId: number, code: ErrorCode, text: string): void {
    const debug = Buffer.from(text.slice(0, MAX_DEBUG_TEXT), 'latin1');
    const payload = Buffer.alloc(8 + debug.length);
    payload.writeUInt32BE(lastStreamId, 0);
    payload.writeUInt32BE(code, 4);
    debug.copy(payload, 8);
    this.#frame(FRAME.GOAWAY, 0, payload);
  }

  reset(streamId: number, code: ErrorCode): void {
    this.#uint32(FRAME.RST_STREAM, streamId, code);
  }

  /** Stream 0 is the connection. */
  windowUpdate(streamId: number, increment: number): void {
    this.#uint32(FRAME.WINDOW_UPDATE, streamId, increment);
  }

  #uint32(type: number, streamId: number, value: number): void {
    const output = this.#output;
    const target = output.room(FRAME_HEAD_BYTES + 4);
    const at = writeFrameHead(target, output.at, 4, type, 0, streamId);
    output.at = target.writeUInt32BE(value, at);
  }

  /** Of the connection. */
  #frame(type: number, flags: number, payload: Uint8Array): void {
    const output = this.#output;
    const target = output.room(FRAME_HEAD_BYTES + payload.length);
    const at = writeFrameHead(target, output.at, payload.length, type, flags, 0);
    target.set(payload, at);
    output.at = at + payload.length;
  }
}
