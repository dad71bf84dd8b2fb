import type { TensorSignature } from '../../model/spec.js';
import { DATATYPES } from '../../tensor/datatype.js';
import type { GatheredTensor, SlabTensor } from '../../tensor/tensor.js';

/** Room for a run of ten tensors of rank eight; a run with more goes by message. */
const HEADER_WORDS = 128;
const HEADER_BYTES = HEADER_WORDS * Float64Array.BYTES_PER_ELEMENT;
/** executeUs, number of tensors. */
const RUN_WORDS = 2;
/** Place in the signature, datatype, byte length, rank; the axes follow. */
const TENSOR_WORDS = 4;

export interface FrameContent {
  readonly tensors: readonly SlabTensor[];
  /** Of outputs: time inside the runtime, in microseconds. */
  readonly executeUs: number;
}

/** Places of a signature's tensors by their names. */
export type Places = ReadonlyMap<string, number>;

export function placesOf(signature: readonly TensorSignature[]): Places {
  return new Map(signature.map(({ name }, place) => [name, place]));
}

/** Bytes of a frame that holds `tensors`; undefined where none does: the header is too small, or the signature does not know a name. */
export function frameBytes(tensors: readonly GatheredTensor[], places: Places): number | undefined {
  let words = RUN_WORDS;
  let bytes = HEADER_BYTES;
  for (const { name, shape, byteLength } of tensors) {
    if (!places.has(name)) return undefined;
    words += TENSOR_WORDS + shape.length;
    bytes += aligned(byteLength);
  }
  return words > HEADER_WORDS ? undefined : bytes;
}

/**
 * A run's inputs, or its outputs in their stead, in memory that both threads share: a header of numbers, then the tensors' bytes one behind the
 * other. Whose turn it is to touch it is said by the ring's control words.
 */
export class RunFrame {
  readonly #header: Float64Array<SharedArrayBuffer>;
  readonly #bytes: Buffer<SharedArrayBuffer>;

  constructor(memory: SharedArrayBuffer) {
    this.#header = new Float64Array(memory, 0, HEADER_WORDS);
    this.#bytes = Buffer.from(memory);
  }

  get byteLength(): number {
    return this.#bytes.length;
  }

  /** `tensors` fit, by frameBytes. Throws where one's parts are not as long as it says. */
  write(tensors: readonly GatheredTensor[], places: Places, executeUs = 0): void {
    const header = this.#header;
    let word = 0;
    const put = (value: number): void => {
      header[word++] = value;
    };
    put(executeUs);
    put(tensors.length);
    let offset = HEADER_BYTES;
    for (const tensor of tensors) {
      put(places.get(tensor.name) ?? 0);
      put(DATATYPES.indexOf(tensor.datatype));
      put(tensor.byteLength);
      put(tensor.shape.length);
      for (const size of tensor.shape) put(size);
      gather(tensor, this.#bytes, offset);
      offset += aligned(tensor.byteLength);
    }
  }

  /** Copies the tensors out, each into the memory that `allocate` gives for its place in `signature`. */
  read(signature: readonly TensorSignature[], allocate: (place: number, byteLength: number) => Uint8Array<ArrayBuffer>): FrameContent {
    const header = this.#header;
    let word = 0;
    const next = (): number => header[word++] ?? 0;
    const executeUs = next();
    const count = next();
    const tensors: SlabTensor[] = [];
    let offset = HEADER_BYTES;
    for (let at = 0; at < count; at++) {
      const place = next();
      const datatype = DATATYPES[next()];
      const byteLength = next();
      const shape: number[] = [];
      for (let rank = next(); rank > 0; rank--) shape.push(next());
      const name = signature[place]?.name;
      if (name === undefined || datatype === undefined) throw new Error(`a frame holds tensor ${place}, which the model does not have`);
      const data = allocate(place, byteLength);
      data.set(this.#bytes.subarray(offset, offset + byteLength));
      tensors.push({ name, datatype, shape, data });
      offset += aligned(byteLength);
    }
    return { tensors, executeUs };
  }
}

/** The frame of a slot of the ring. */
export function frameAt(frames: readonly RunFrame[], slot: number): RunFrame {
  const frame = frames[slot];
  if (frame === undefined) throw new RangeError(`the ring has ${frames.length} frames and no slot ${slot}`);
  return frame;
}

/** Memory that grows doubles, so that it seldom does. */
export function roundUp(bytes: number): number {
  return 2 ** Math.ceil(Math.log2(bytes));
}

/**
 * `fill` is memcpy, once, as value and range are equally long. `set` goes byte by byte into shared memory where the part is not aligned as the
 * target is, and parts of messages seldom are: 18 µs against 1.7 at 64 KB.
 */
function gather({ name, parts, byteLength }: GatheredTensor, target: Buffer, start: number): void {
  const limit = start + byteLength;
  let offset = start;
  for (const part of parts) {
    const end = offset + part.length;
    if (end > limit) throw misfit(name, byteLength);
    if (part.length > 0) target.fill(part, offset, end);
    offset = end;
  }
  if (offset < limit) throw misfit(name, byteLength);
}

function misfit(name: string, byteLength: number): RangeError {
  return new RangeError(`the parts of '${name}' are not the ${byteLength} bytes that it has`);
}

/** Tensors lie on words: memory that is not aligned is read byte by byte. */
function aligned(bytes: number): number {
  return Math.ceil(bytes / Float64Array.BYTES_PER_ELEMENT) * Float64Array.BYTES_PER_ELEMENT;
}
