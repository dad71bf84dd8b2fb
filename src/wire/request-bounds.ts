import { invalidRequest, type ServingError } from '../error/serving-error.js';

/**
 * Looks through a serialised inference request before it is decoded. A few bytes on the wire can become a hundred times as many in memory: each
 * element of a typed list, each dimension, each empty sub-message is an object of its own. Raw contents do not: they stay a view. So what is not raw
 * is counted and bounded here, at the price of a walk over the message's outermost fields.
 */
export interface RequestLayout {
  /** Field of the message that repeats the input tensors. */
  readonly inputs: number;
  /** Field of the message that repeats raw contents; 0 where there is none. */
  readonly rawInMessage: number;
  /** Field of a tensor that holds its raw contents; 0 where there is none. */
  readonly rawInTensor: number;
  /** Fields of a tensor that hold typed contents. */
  readonly typedFrom: number;
  readonly typedTo: number;
}

/** inference.ModelInferRequest */
export const MODEL_INFER_LAYOUT: RequestLayout = { inputs: 5, rawInMessage: 7, rawInTensor: 0, typedFrom: 5, typedTo: 5 };

/** millrace.v1.InferRequest and InferStreamRequest */
export const MILLRACE_INFER_LAYOUT: RequestLayout = { inputs: 4, rawInMessage: 0, rawInTensor: 4, typedFrom: 5, typedTo: 11 };

/**
 * Bytes of names, shapes and parameters that a request may have. 10,000 inputs fit; a megabyte of empty messages is still no more than
 * some hundred megabytes of objects.
 */
export const MAX_DESCRIPTION_BYTES = 1024 * 1024;

const VARINT = 0;
const FIXED64 = 1;
const LENGTH_DELIMITED = 2;
const FIXED32 = 5;

/**
 * Throws `invalid_request` where the request has more than `maxTypedBytes` of typed contents, more than MAX_DESCRIPTION_BYTES that are
 * neither typed nor raw contents, or is cut short. Never throws anything else, and looks at each byte of a tensor at most once.
 */
export function assertRequestBounds(bytes: Uint8Array, layout: RequestLayout, maxTypedBytes: number): void {
  const message = new FieldCursor(bytes, 0, bytes.length);
  let raw = 0;
  let typed = 0;
  while (message.next()) {
    if (message.wireType !== LENGTH_DELIMITED) continue;
    if (message.field === layout.rawInMessage) raw += message.payloadBytes;
    if (message.field !== layout.inputs) continue;
    const tensor = new FieldCursor(bytes, message.payloadStart, message.end);
    while (tensor.next()) {
      if (tensor.field === layout.rawInTensor && tensor.wireType === LENGTH_DELIMITED) raw += tensor.payloadBytes;
      else if (tensor.field >= layout.typedFrom && tensor.field <= layout.typedTo) typed += tensor.recordBytes;
    }
  }
  if (typed > maxTypedBytes) {
    throw invalidRequest(`the request has ${typed} bytes of typed contents, but at most ${maxTypedBytes} are allowed: send raw contents`);
  }
  const description = bytes.length - raw - typed;
  if (description > MAX_DESCRIPTION_BYTES) {
    throw invalidRequest(
      `the request has ${description} bytes of names, shapes and parameters, but at most ${MAX_DESCRIPTION_BYTES} are allowed`,
    );
  }
}

/** Steps over the fields between two offsets of a serialised message. */
class FieldCursor {
  field = 0;
  wireType = 0;
  /** Offset behind the field's tag and length. */
  payloadStart = 0;
  /** Offset behind the field. */
  end: number;
  readonly #bytes: Uint8Array;
  readonly #limit: number;
  #start = 0;

  constructor(bytes: Uint8Array, start: number, limit: number) {
    this.#bytes = bytes;
    this.end = start;
    this.#limit = limit;
  }

  get payloadBytes(): number {
    return this.end - this.payloadStart;
  }

  /** Tag and length included. */
  get recordBytes(): number {
    return this.end - this.#start;
  }

  next(): boolean {
    if (this.end === this.#limit) return false;
    this.#start = this.end;
    const tag = this.#varint32();
    this.field = tag >>> 3;
    this.wireType = tag & 7;
    if (this.field === 0) throw malformed();
    this.payloadStart = this.end;
    this.#skipPayload();
    if (this.end > this.#limit) throw malformed();
    return true;
  }

  #skipPayload(): void {
    switch (this.wireType) {
      case VARINT:
        this.#skipVarint();
        return;
      case FIXED64:
        this.end += 8;
        return;
      case LENGTH_DELIMITED: {
        const length = this.#varint32();
        this.payloadStart = this.end;
        this.end += length;
        return;
      }
      case FIXED32:
        this.end += 4;
        return;
      default:
        // Groups, which nobody has sent since proto2, and numbers without a meaning.
        throw malformed();
    }
  }

  #varint32(): number {
    let value = 0;
    for (let shift = 0; shift < 35; shift += 7) {
      const byte = this.#byte();
      value += (byte & 0x7f) * 2 ** shift;
      if (byte < 0x80) {
        if (value > 0xffffffff) throw malformed();
        return value;
      }
    }
    throw malformed();
  }

  #skipVarint(): void {
    for (let length = 0; length < 10; length++) if (this.#byte() < 0x80) return;
    throw malformed();
  }

  #byte(): number {
    const byte = this.end < this.#limit ? this.#bytes[this.end] : undefined;
    if (byte === undefined) throw malformed();
    this.end += 1;
    return byte;
  }
}

function malformed(): ServingError {
  return invalidRequest('the request is not a well-formed protobuf message');
}
