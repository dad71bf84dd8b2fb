import { Allowance, type Rate } from './allowance.js';
import { ConnectionError, ERROR_CODE, frameSizeError, protocolError } from './error-code.js';
import { FLAG, readUint31 } from './frame.js';
import type { FrameWriter } from './frame-writer.js';
import type { HpackEncoder } from './hpack/encoder.js';
import type { Lifetime } from './lifetime.js';
import type { Sender } from './sender.js';
import { readSettings } from './settings.js';
import type { StreamTable } from './stream-table.js';

/** What the frames of a connection act on. */
export interface ControlFrameParts {
  readonly writer: FrameWriter;
  readonly sender: Sender;
  readonly encoder: HpackEncoder;
  readonly streams: StreamTable;
  readonly lifetime: Lifetime;
  readonly clock: { now(): number };
  /** The answer to the PING behind our first GOAWAY has come. */
  readonly onFarewell: () => void;
}

const PING_BYTES = 8;
const WINDOW_UPDATE_BYTES = 4;
const MIN_GOAWAY_BYTES = 8;
/** A change of the initial window is made on every stream: so many of them cost as much as a frame. */
const STREAMS_PER_FRAME = 16;
/** To a frame of ours a peer may say that both windows are to be wider, and ask by PING how long the line is, as gRPC's clients do: at any rate that we send at. */
const ANSWERS_PER_FRAME = 3;

/** The PING that tells where the first GOAWAY has got to, and the one that asks whether anybody is there. */
export const FAREWELL_PING = Buffer.from('goodbye!', 'latin1');
export const ALIVE_PING = Buffer.from('hello??!', 'latin1');

/** Frames of the connection as a whole: SETTINGS, PING, GOAWAY and WINDOW_UPDATE (RFC 9113 sections 6.5, 6.7, 6.8 and 6.9), each within an allowance. */
export class ControlFrames {
  readonly #parts: ControlFrameParts;
  readonly #allowance: Allowance;
  /** Frames that were taken for answers. */
  #answers = 0;

  constructor(rate: Rate, parts: ControlFrameParts) {
    this.#parts = parts;
    this.#allowance = new Allowance(rate, parts.clock.now());
  }

  /** A frame has come that carries nothing for a stream. */
  spend(cost = 1): void {
    if (!this.#allowance.spend(this.#parts.clock, cost))
      throw new ConnectionError(ERROR_CODE.ENHANCE_YOUR_CALM, 'too many frames that carry nothing');
  }

  /** The same of a frame that may be an answer to one of a stream of ours. */
  #spendAnswer(): void {
    if (this.#answers < ANSWERS_PER_FRAME * this.#parts.sender.sentFrames) this.#answers += 1;
    else this.spend();
  }

  onSettings(flags: number, streamId: number, bytes: Buffer, start: number, end: number): void {
    if (streamId !== 0) throw protocolError('a SETTINGS frame is on a stream');
    if (flags & FLAG.ACK) this.#onSettingsAck(end - start);
    else this.#applySettings(bytes, start, end);
  }

  #onSettingsAck(length: number): void {
    this.spend();
    if (length > 0) throw frameSizeError('an acknowledgement of SETTINGS has a payload');
    const { streams, lifetime, clock } = this.#parts;
    streams.settingsAcknowledged();
    lifetime.settingsAcknowledged(clock.now(), streams.limit.isPending);
  }

  /** Section 6.5.3: all of it, and then the acknowledgement. */
  #applySettings(bytes: Buffer, start: number, end: number): void {
    const { streams, sender, encoder, writer, lifetime } = this.#parts;
    const { headerTableSize, lowestHeaderTableSize, initialWindow, maxFrameBytes } = readSettings(bytes, start, end);
    this.spend(1 + (initialWindow === undefined ? 0 : Math.floor(streams.size / STREAMS_PER_FRAME)));
    if (lowestHeaderTableSize !== undefined) encoder.maxTableSize = lowestHeaderTableSize;
    if (headerTableSize !== undefined) encoder.maxTableSize = headerTableSize;
    if (maxFrameBytes !== undefined) sender.maxFrameBytes = maxFrameBytes;
    if (initialWindow !== undefined) streams.resizeWindows(initialWindow);
    lifetime.settingsCame();
    writer.settingsAck();
    sender.pump();
  }

  onPing(flags: number, streamId: number, bytes: Buffer, start: number, end: number): void {
    if (streamId !== 0) throw protocolError('a PING frame is on a stream');
    if (end - start !== PING_BYTES) throw frameSizeError('a PING frame has not eight bytes');
    this.#spendAnswer();
    if ((flags & FLAG.ACK) === 0) this.#parts.writer.pingAck(bytes.subarray(start, end));
    else if (FAREWELL_PING.compare(bytes, start, end) === 0 && this.#parts.lifetime.isRetiring) this.#parts.onFarewell();
  }

  /** The peer opens no streams any more, as it might have done anyway; those that there are go on. */
  onGoaway(streamId: number, start: number, end: number): void {
    if (streamId !== 0) throw protocolError('a GOAWAY frame is on a stream');
    if (end - start < MIN_GOAWAY_BYTES) throw frameSizeError('a GOAWAY frame is too short');
    this.spend();
  }

  /** Of any WINDOW_UPDATE, section 6.9. */
  readIncrement(bytes: Buffer, start: number, end: number): number {
    if (end - start !== WINDOW_UPDATE_BYTES) throw frameSizeError('a WINDOW_UPDATE frame has not four bytes');
    this.#spendAnswer();
    return readUint31(bytes, start);
  }

  /** On stream 0. */
  onWindowUpdate(increment: number): void {
    if (increment === 0) throw protocolError('a WINDOW_UPDATE frame gives nothing');
    const { sender } = this.#parts;
    if (!sender.widen(increment)) throw new ConnectionError(ERROR_CODE.FLOW_CONTROL_ERROR, 'the window of the connection is over 31 bits');
    sender.pump();
  }
}
