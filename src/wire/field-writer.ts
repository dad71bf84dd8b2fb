/** Shortest text that is worth a call into the runtime. */
const MIN_NATIVE_CHARS = 48;

/** Bytes of a text as UTF-8. */
export function textBytes(text: string): number {
  const { length } = text;
  if (length >= MIN_NATIVE_CHARS) return Buffer.byteLength(text);
  for (let at = 0; at < length; at++) if (text.charCodeAt(at) > 0x7f) return Buffer.byteLength(text);
  return length;
}

/** Bytes of a whole number from 0 to MAX_SAFE_INTEGER. */
export function varintBytes(value: number): number {
  let length = 1;
  for (let rest = value; rest > 0x7f; rest = Math.floor(rest / 0x80)) length += 1;
  return length;
}

/** Bytes of a field whose tag is a single byte and whose payload, of `length` bytes, has its length in front. */
export function delimitedBytes(length: number): number {
  return 1 + varintBytes(length) + length;
}

/** The same for a text; nothing for the empty one, as protobuf leaves defaults out. */
export function textFieldBytes(text: string): number {
  return text === '' ? 0 : delimitedBytes(textBytes(text));
}

/** Of the sizes of a shape, one behind the other. */
export function shapeBytes(shape: readonly number[]): number {
  let length = 0;
  for (const size of shape) length += varintBytes(size);
  return length;
}

/** Writes into memory of which is known that it suffices: nothing grows or moves. Tags are of one byte. */
export class FieldWriter {
  readonly #bytes: Buffer;
  /** Of the next byte. */
  #at: number;

  constructor(bytes: Buffer, at = 0) {
    this.#bytes = bytes;
    this.#at = at;
  }

  /** A tag and the length, or the number, behind it. */
  head(tag: number, value: number): void {
    this.#bytes[this.#at] = tag;
    this.#at += 1;
    this.varint(value);
  }

  varint(value: number): void {
    let rest = value;
    while (rest > 0x7f) {
      this.#bytes[this.#at] = (rest & 0x7f) | 0x80;
      this.#at += 1;
      rest = Math.floor(rest / 0x80);
    }
    this.#bytes[this.#at] = rest;
    this.#at += 1;
  }

  /** A field of bytes, empty or not. */
  data(tag: number, data: Uint8Array): void {
    this.head(tag, data.length);
    this.#bytes.set(data, this.#at);
    this.#at += data.length;
  }

  /** A field of text; nothing for the empty one. */
  text(tag: number, text: string): void {
    if (text === '') return;
    const length = textBytes(text);
    this.head(tag, length);
    if (length !== text.length || length >= MIN_NATIVE_CHARS) this.#bytes.write(text, this.#at);
    else for (let at = 0; at < length; at++) this.#bytes[this.#at + at] = text.charCodeAt(at);
    this.#at += length;
  }

  /** A packed field of sizes; nothing for none. */
  shape(tag: number, shape: readonly number[]): void {
    if (shape.length === 0) return;
    this.head(tag, shapeBytes(shape));
    for (const size of shape) this.varint(size);
  }
}
