import { BinaryReader, type BinaryWriter } from '@bufbuild/protobuf/wire';
import { ServingError } from '../error/serving-error.js';
import { assertRequestBounds, type RequestLayout } from './request-bounds.js';

/** What a generated message can do. */
export interface MessageFunctions<T> {
  encode(message: T): BinaryWriter;
  decode(input: BinaryReader): T;
}

/** Where an answer may be put: memory that is used again once it is written. */
export interface AnswerMemory {
  /** At least so many bytes, whatever lies in them. */
  take(bytes: number): Buffer;
}

/** Memory for an answer of just so many bytes, whatever lies in them. */
export function takeAnswer(bytes: number, memory: AnswerMemory | undefined): Buffer {
  return memory === undefined ? Buffer.allocUnsafe(bytes) : memory.take(bytes).subarray(0, bytes);
}

/** Turns messages into bytes and back. A decoded message may hold views of the bytes. `decode` throws `invalid_request` and nothing else. */
export interface MessageCodec<T> {
  /** Into `memory`, where there is one and the codec can. */
  encode(message: T, memory?: AnswerMemory): Uint8Array;
  decode(bytes: Uint8Array): T;
}

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

function decodeUtf8(bytes: Uint8Array): string {
  return utf8.decode(bytes);
}

export function createCodec<T>(functions: MessageFunctions<T>): MessageCodec<T> {
  return {
    encode: (message) => functions.encode(message).finish(),
    decode: (bytes) => decodeStrictly(functions, bytes),
  };
}

/** For requests with tensors: refuses, before it is decoded, what would take far more memory than it has bytes. */
export function createInferCodec<T>(functions: MessageFunctions<T>, layout: RequestLayout, maxTypedBytes: number): MessageCodec<T> {
  return {
    encode: (message) => functions.encode(message).finish(),
    decode: (bytes) => {
      assertRequestBounds(bytes, layout, maxTypedBytes);
      return decodeStrictly(functions, bytes);
    },
  };
}

/** Text that is not UTF-8 is refused, as protobuf demands: the generated code alone would replace what it cannot read. */
function decodeStrictly<T>(functions: MessageFunctions<T>, bytes: Uint8Array): T {
  try {
    return functions.decode(new BinaryReader(bytes, decodeUtf8));
  } catch (error) {
    throw new ServingError('invalid_request', 'the request is not a well-formed protobuf message', undefined, error);
  }
}
