import { frameSizeError, protocolError } from './error-code.js';
import { CLIENT_PREFACE, DEFAULT_MAX_FRAME_BYTES, FLAG, FRAME, FRAME_HEAD_BYTES, readUint31 } from './frame.js';

/** What the frames of a connection mean. Bytes are the reader's own: after the return others lie there. Throws ConnectionError. */
export interface FrameSink {
  onPreface(): void;
  /** Any frame but DATA, whole. */
  onFrame(type: number, flags: number, streamId: number, bytes: Buffer, start: number, end: number): void;
  /** A DATA frame begins, of `length` bytes that count against the windows. */
  onDataHead(flags: number, streamId: number, length: number): void;
  /** Some of its payload, padding left out. Not called for an empty payload. */
  onDataPiece(bytes: Buffer, start: number, end: number): void;
  /** It is over. */
  onDataEnd(): void;
}

/** What is being gathered over several chunks. */
type Gathering = 'preface' | 'head' | 'payload';

/** Where the next reader gathers, if it is not in use: between frames no connection keeps one. */
let spareBuffer: Buffer | undefined;

/**
 * Cuts what a socket brings into frames, in one pass: a frame that lies in one chunk is read where it lies, and the payload of DATA is handed on as it
 * comes. Only what a chunk's end cuts in two is copied, into one buffer that is as large as a frame may be.
 */
export class FrameReader {
  /** How many have begun. */
  frames = 0;
  readonly #sink: FrameSink;
  #gathering: Gathering = 'preface';
  #gathered = 0;
  #wanted = CLIENT_PREFACE.length;
  #buffer: Buffer | undefined;
  /** The present frame. */
  #type = 0;
  #flags = 0;
  #streamId = 0;
  #length = 0;
  /** Payload and padding that are still to come of a DATA frame. */
  #dataLeft = 0;
  #paddingLeft = 0;
  #isStopped = false;

  constructor(sink: FrameSink) {
    this.#sink = sink;
  }

  /** The number of the frame that has begun but not ended; DATA, which a slow line may take its time for, does not count. */
  get unfinishedFrame(): number | undefined {
    return this.#gathering !== 'preface' && (this.#gathered > 0 || this.#gathering === 'payload') ? this.frames : undefined;
  }

  /** Nothing more is read, not even what is left of the present chunk. */
  stop(): void {
    this.#isStopped = true;
    this.#buffer = undefined;
  }

  /**
   * Reads until so many frames have begun, or all there is, and returns how many bytes that were. Keeps nothing of the chunk. Throws ConnectionError; then it
   * is to be stopped.
   */
  read(chunk: Buffer, maxFrames = Number.POSITIVE_INFINITY): number {
    const end = chunk.length;
    const lastFrame = this.frames + maxFrames;
    let at = 0;
    while (at < end && this.frames < lastFrame) {
      if (this.#isStopped) return end;
      if (this.#dataLeft > 0) at = this.#passData(chunk, at);
      else if (this.#paddingLeft > 0) at = this.#passPadding(chunk, at);
      else if (this.#gathered === 0 && end - at >= this.#wanted) {
        const wanted = this.#wanted;
        this.#take(chunk, at);
        at += wanted;
      } else at = this.#gather(chunk, at);
    }
    return at;
  }

  /** Copies what there is of a thing that the chunk does not have whole, and takes it once it is. */
  #gather(chunk: Buffer, at: number): number {
    const buffer = this.#buffer ?? takeBuffer();
    this.#buffer = buffer;
    const copied = chunk.copy(buffer, this.#gathered, at, Math.min(chunk.length, at + this.#wanted - this.#gathered));
    this.#gathered += copied;
    // What cannot become the preface is known at once: a client of HTTP/1.1 would wait for ever.
    if (this.#gathering === 'preface') assertPreface(buffer, 0, this.#gathered);
    if (this.#gathered === this.#wanted) {
      this.#gathered = 0;
      this.#buffer = undefined;
      this.#take(buffer, 0);
      spareBuffer = buffer;
    }
    return at + copied;
  }

  #take(bytes: Buffer, at: number): void {
    switch (this.#gathering) {
      case 'preface':
        assertPreface(bytes, at, CLIENT_PREFACE.length);
        this.#await('head', FRAME_HEAD_BYTES);
        this.#sink.onPreface();
        return;
      case 'head':
        this.#takeHead(bytes, at);
        return;
      case 'payload':
        this.#takePayload(bytes, at, at + this.#length);
    }
  }

  #await(gathering: Gathering, wanted: number): void {
    this.#gathering = gathering;
    this.#wanted = wanted;
  }

  #takeHead(bytes: Buffer, at: number): void {
    this.frames += 1;
    this.#length = ((bytes[at] ?? 0) << 16) | ((bytes[at + 1] ?? 0) << 8) | (bytes[at + 2] ?? 0);
    this.#type = bytes[at + 3] ?? 0;
    this.#flags = bytes[at + 4] ?? 0;
    this.#streamId = readUint31(bytes, at + 5);
    // Section 4.2.
    if (this.#length > DEFAULT_MAX_FRAME_BYTES)
      throw frameSizeError(`a frame of ${this.#length} bytes is over the limit of ${DEFAULT_MAX_FRAME_BYTES}`);
    if (this.#type !== FRAME.DATA) {
      if (this.#length > 0) this.#await('payload', this.#length);
      else this.#sink.onFrame(this.#type, this.#flags, this.#streamId, bytes, at, at);
      return;
    }
    this.#sink.onDataHead(this.#flags, this.#streamId, this.#length);
    // The length of the padding is the first byte of the payload.
    if ((this.#flags & FLAG.PADDED) === 0) this.#beginData(this.#length, 0);
    else if (this.#length === 0) throw frameSizeError('a padded DATA frame has no payload');
    else this.#await('payload', 1);
  }

  #takePayload(bytes: Buffer, start: number, end: number): void {
    this.#await('head', FRAME_HEAD_BYTES);
    if (this.#type !== FRAME.DATA) {
      this.#sink.onFrame(this.#type, this.#flags, this.#streamId, bytes, start, end);
      return;
    }
    const padding = bytes[start] ?? 0;
    const left = this.#length - 1 - padding;
    // Section 6.1.
    if (left < 0) throw protocolError('a DATA frame has more padding than payload');
    this.#beginData(left, padding);
  }

  #beginData(data: number, padding: number): void {
    this.#dataLeft = data;
    this.#paddingLeft = padding;
    if (data + padding === 0) this.#sink.onDataEnd();
  }

  #passData(chunk: Buffer, at: number): number {
    const end = Math.min(chunk.length, at + this.#dataLeft);
    this.#dataLeft -= end - at;
    this.#sink.onDataPiece(chunk, at, end);
    if (this.#dataLeft + this.#paddingLeft === 0) this.#sink.onDataEnd();
    return end;
  }

  #passPadding(chunk: Buffer, at: number): number {
    const end = Math.min(chunk.length, at + this.#paddingLeft);
    this.#paddingLeft -= end - at;
    if (this.#paddingLeft === 0) this.#sink.onDataEnd();
    return end;
  }
}

function takeBuffer(): Buffer {
  const buffer = spareBuffer ?? Buffer.allocUnsafeSlow(DEFAULT_MAX_FRAME_BYTES);
  spareBuffer = undefined;
  return buffer;
}

function assertPreface(bytes: Buffer, at: number, length: number): void {
  if (bytes.compare(CLIENT_PREFACE, 0, length, at, at + length) !== 0)
    throw protocolError('the connection does not begin with the preface of HTTP/2');
}
