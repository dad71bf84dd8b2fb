import { ConnectionError, ERROR_CODE, protocolError } from './error-code.js';
import { FLAG, FRAME, readUint31 } from './frame.js';

/** A HEADERS frame and the CONTINUATIONs behind it, while they come: RFC 9113 section 6.10. */
export class HeaderBlock {
  readonly streamId: number;
  readonly isLast: boolean;
  readonly #maxBytes: number;
  readonly #maxFragments: number;
  readonly #fragments: Buffer[];
  #bytes: number;

  constructor(streamId: number, isLast: boolean, first: Buffer, limits: { readonly maxBytes: number; readonly maxFragments: number }) {
    this.streamId = streamId;
    this.isLast = isLast;
    this.#maxBytes = limits.maxBytes;
    this.#maxFragments = limits.maxFragments;
    this.#fragments = [first];
    this.#bytes = first.length;
  }

  /** Takes the next fragment, which it copies. Throws where it is not the next one, or too much (section 10.5.1). */
  add(type: number, streamId: number, bytes: Buffer, start: number, end: number): void {
    if (type !== FRAME.CONTINUATION || streamId !== this.streamId) throw protocolError('a header block is interrupted by another frame');
    this.#bytes += end - start;
    if (this.#bytes > this.#maxBytes || this.#fragments.length >= this.#maxFragments) {
      throw new ConnectionError(
        ERROR_CODE.ENHANCE_YOUR_CALM,
        `a header block is over ${this.#maxBytes} bytes or ${this.#maxFragments} frames`,
      );
    }
    this.#fragments.push(Buffer.from(bytes.subarray(start, end)));
  }

  whole(): Buffer {
    return Buffer.concat(this.#fragments, this.#bytes);
  }
}

/** Where the fragment lies in a HEADERS frame, and on which stream the stream depends: section 6.2. */
export interface HeadersPayload {
  readonly start: number;
  readonly end: number;
  /** 0 where none is said. */
  readonly dependency: number;
}

export function readHeadersPayload(flags: number, bytes: Buffer, start: number, end: number): HeadersPayload {
  let from = start;
  let to = end;
  if (flags & FLAG.PADDED) {
    if (from === to) throw frameTooShort();
    to -= bytes[from] ?? 0;
    from += 1;
    if (to < from) throw protocolError('a HEADERS frame has more padding than payload');
  }
  if ((flags & FLAG.PRIORITY) === 0) return { start: from, end: to, dependency: 0 };
  if (to - from < PRIORITY_BYTES) throw frameTooShort();
  return { start: from + PRIORITY_BYTES, end: to, dependency: readUint31(bytes, from) };
}

/** Section 6.3: a stream and its weight. Priorities are read and have no effect, as RFC 9113 section 5.3.2 allows. */
export const PRIORITY_BYTES = 5;

function frameTooShort(): ConnectionError {
  return new ConnectionError(ERROR_CODE.FRAME_SIZE_ERROR, 'a HEADERS frame is shorter than its flags say');
}
