import { HpackDecoder } from '../../src/http2/hpack/decoder.js';
import type { HeaderField } from '../../src/http2/hpack/header-field.js';
import { FREED, SENT_BLOCKS, textOf } from './fuzz-witness.js';
import { endsStream, FRAME_TYPE, type Frame, framesOf, prefaceAndSettings, readGoaway } from './h2-frames.js';

const PREFACE_BYTES = prefaceAndSettings().indexOf('SM') + 6;
const DEFAULT_WINDOW = 65_535;
const DEFAULT_FRAME_BYTES = 16_384;
const TABLE_BYTES = 4096;
const INITIAL_WINDOW_SIZE = 0x4;
const MAX_FRAME_SIZE = 0x5;
const MASK = 2 ** 31 - 1;

/** What a SETTINGS frame changes for whoever sends to its sender. */
interface ClientSettings {
  initialWindow?: number;
  maxFrameBytes?: number;
}

/** What a client's bytes, read as frames, allow its server. */
export class ClientLedger {
  /** Of the connection, with all increments. */
  window = DEFAULT_WINDOW;
  /** Of DATA, as windows count it. */
  dataBytes = 0;
  lastStreamId = 0;
  /** In order; each holds from the server's acknowledgement on. */
  readonly settings: ClientSettings[] = [];
  /** Of streams: by how much their windows are widened in all. */
  readonly increments = new Map<number, number>();
  /** Whether the bytes end where a frame that may be any could come. */
  readonly isWhole: boolean;

  constructor(sent: Buffer) {
    const last = this.send(sent.subarray(PREFACE_BYTES));
    this.isWhole = last?.isAtEnd === true && !isWithinBlock(last.frame);
  }

  /** More frames. Returns the last of them that is whole, and whether it is the end. */
  send(bytes: Buffer): { readonly frame: Frame; readonly isAtEnd: boolean } | undefined {
    const frames = framesOf(bytes);
    let length = 0;
    for (const frame of frames) {
      length += 9 + frame.payload.length;
      this.#add(frame);
    }
    const frame = frames.at(-1);
    return frame && { frame, isAtEnd: length === bytes.length };
  }

  #add({ type, flags, streamId, payload }: Frame): void {
    const id = streamId & MASK;
    if (type === FRAME_TYPE.data) this.dataBytes += payload.length;
    if (type === FRAME_TYPE.headers) this.lastStreamId = Math.max(this.lastStreamId, id);
    if (type === FRAME_TYPE.windowUpdate && payload.length === 4) this.#widen(id, payload.readUInt32BE(0) & MASK);
    if (type === FRAME_TYPE.settings && (flags & 0x1) === 0) this.settings.push(readClientSettings(payload));
  }

  #widen(id: number, increment: number): void {
    if (id === 0) this.window += increment;
    else this.increments.set(id, (this.increments.get(id) ?? 0) + increment);
  }
}

function isWithinBlock({ type, flags }: Frame): boolean {
  return (type === FRAME_TYPE.headers || type === FRAME_TYPE.continuation) && (flags & 0x4) === 0;
}

function readClientSettings(payload: Buffer): ClientSettings {
  const settings: ClientSettings = {};
  for (let at = 0; at + 6 <= payload.length; at += 6) {
    const id = payload.readUInt16BE(at);
    const value = payload.readUInt32BE(at + 2);
    if (id === INITIAL_WINDOW_SIZE) settings.initialWindow = value;
    if (id === MAX_FRAME_SIZE) settings.maxFrameBytes = value;
  }
  return settings;
}

/** A server's bytes, as its client has to understand them: whole frames, none behind the last of its stream or of the connection, all within the windows. */
export class ServerLedger {
  readonly mistakes: string[] = [];
  /** Whether the server ended the connection for an error of its peer. */
  hasFailed = false;
  /** Why it goes away, if it said that it does. */
  farewell: string | undefined;
  /** By how much the connection's window was widened. */
  widened = 0;
  readonly #ended = new Set<number>();
  readonly #sent = new Map<number, number>();
  readonly #decoder = new HpackDecoder(TABLE_BYTES);
  #acknowledged = 0;
  #initialWindow = DEFAULT_WINDOW;
  #maxFrameBytes = DEFAULT_FRAME_BYTES;
  #dataBytes = 0;
  #rest = Buffer.alloc(0);

  get isLeaving(): boolean {
    return this.farewell !== undefined;
  }

  read(written: Buffer, client: ClientLedger): void {
    const bytes = this.#rest.length === 0 ? written : Buffer.concat([this.#rest, written]);
    let length = 0;
    for (const frame of framesOf(bytes)) {
      length += 9 + frame.payload.length;
      if (this.hasFailed) this.mistakes.push(`type ${frame.type} behind the last GOAWAY`);
      this.#take(frame, client);
    }
    this.#rest = Buffer.from(bytes.subarray(length));
  }

  /** What may be sent on the stream still; on 0, on the connection. */
  window(streamId: number, client: ClientLedger): number {
    if (streamId === 0) return client.window - this.#dataBytes;
    return this.#initialWindow + (client.increments.get(streamId) ?? 0) - (this.#sent.get(streamId) ?? 0);
  }

  /** Nothing more comes. */
  end(): void {
    if (this.#rest.length > 0) this.mistakes.push('half a frame');
  }

  #take(frame: Frame, client: ClientLedger): void {
    const { type, flags, streamId, payload } = frame;
    if (this.#ended.has(streamId) && type !== FRAME_TYPE.reset) this.mistakes.push(`type ${type} behind the end of its stream`);
    if (endsStream(frame) || type === FRAME_TYPE.reset) this.#ended.add(streamId);
    if (payload.length > this.#maxFrameBytes) this.mistakes.push(`a frame of ${payload.length} bytes`);
    if (type === FRAME_TYPE.goaway) {
      const { code, text } = readGoaway(frame);
      this.farewell = `${code} ${text}`;
      this.hasFailed = code !== 0;
    }
    if (type === FRAME_TYPE.settings && flags & 0x1) this.#takeAck(client);
    if (type === FRAME_TYPE.windowUpdate && streamId === 0) this.widened += payload.readUInt32BE(0);
    if (type === FRAME_TYPE.data) this.#takeData(streamId, payload, client);
    if (type === FRAME_TYPE.headers) this.#takeHeaders(payload);
  }

  #takeAck({ settings }: ClientLedger): void {
    const { initialWindow, maxFrameBytes } = settings[this.#acknowledged] ?? {};
    this.#acknowledged += 1;
    if (this.#acknowledged > settings.length) this.mistakes.push('an acknowledgement of nothing');
    this.#initialWindow = initialWindow ?? this.#initialWindow;
    this.#maxFrameBytes = maxFrameBytes ?? this.#maxFrameBytes;
  }

  #takeData(streamId: number, payload: Buffer, client: ClientLedger): void {
    if (payload.includes(FREED)) this.mistakes.push('memory that was free is sent');
    const bytes = (this.#sent.get(streamId) ?? 0) + payload.length;
    this.#sent.set(streamId, bytes);
    this.#dataBytes += payload.length;
    if (this.#dataBytes > client.window) this.mistakes.push(`${this.#dataBytes} bytes of DATA in a window of ${client.window}`);
    const window = this.#initialWindow + (client.increments.get(streamId) ?? 0);
    if (payload.length > 0 && bytes > window) this.mistakes.push(`${bytes} bytes of DATA in a window of ${window}`);
  }

  #takeHeaders(payload: Buffer): void {
    const fields: HeaderField[] = [];
    this.#decoder.decode(payload, 0, payload.length, Number.POSITIVE_INFINITY, fields);
    if (!SENT_BLOCKS.has(textOf(fields))) this.mistakes.push(`a header block that nobody has sent: ${textOf(fields)}`);
  }
}
