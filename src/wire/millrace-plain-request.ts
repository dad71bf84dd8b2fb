import { findVersionReference } from '../model/id.js';
import type { Datatype } from '../tensor/datatype.js';
import type { Tensor } from '../tensor/tensor.js';
import { datatypeOfNumber } from './datatype-number.js';
import { FieldReader, IRREGULAR } from './field-reader.js';
import type { ParsedInfer } from './millrace-v1.js';
import { type NameTable, readText } from './name-table.js';
import { MAX_DESCRIPTION_BYTES } from './request-bounds.js';

/** Tags of millrace.v1.InferRequest: what is not here is not plain. */
const MODEL = (1 << 3) | 2;
const VERSION = (2 << 3) | 2;
const REQUEST_ID = (3 << 3) | 2;
const INPUTS = (4 << 3) | 2;
const OUTPUT_NAMES = (5 << 3) | 2;

/** Tags of a tensor. */
const TENSOR_NAME = (1 << 3) | 2;
const TENSOR_DATATYPE = 2 << 3;
const TENSOR_RAW = (4 << 3) | 2;

const NO_DATA = new Uint8Array(0);

/**
 * A serialised InferRequest as the data plane takes it, without the message in between. Undefined for whatever is not of the common kind, which is raw tensors
 * and nothing but names beside them, answered as they came: that is for the generated code, as is all that is to be refused.
 */
export function readPlainInferRequest(bytes: Uint8Array, names: NameTable): ParsedInfer | undefined {
  const reader = new FieldReader(bytes);
  const request = new PlainInferRequest();
  while (reader.hasMore) {
    const tag = reader.tag();
    const length = reader.length();
    if (length === IRREGULAR) return undefined;
    const end = reader.at + length;
    if (!request.read(tag, reader, length, names)) return undefined;
    reader.at = end;
  }
  return request.finish(bytes.length);
}

/** A request as far as it has been read. */
class PlainInferRequest {
  #model = '';
  #version = '';
  #requestId = '';
  readonly #inputs: Tensor[] = [];
  readonly #outputNames: string[] = [];
  #rawBytes = 0;

  /** False for what is not plain. */
  read(tag: number, reader: FieldReader, length: number, names: NameTable): boolean {
    if (tag === INPUTS) return this.#addInput(reader, length, names);
    const text = tag === REQUEST_ID ? readText(reader.bytes, reader.at, length) : names.find(reader.bytes, reader.at, length);
    if (text === undefined) return false;
    if (tag === MODEL) this.#model = text;
    else if (tag === VERSION) this.#version = text;
    else if (tag === REQUEST_ID) this.#requestId = text;
    else if (tag === OUTPUT_NAMES) this.#outputNames.push(text);
    else return false;
    return true;
  }

  finish(bytes: number): ParsedInfer | undefined {
    const version = findVersionReference(this.#version);
    // Without an input nothing says that the answer is to be raw.
    if (version === undefined || this.#inputs.length === 0 || bytes - this.#rawBytes > MAX_DESCRIPTION_BYTES) return undefined;
    const request = {
      model: this.#model,
      version,
      requestId: this.#requestId,
      inputs: this.#inputs,
      outputNames: this.#outputNames,
      priority: 0,
    };
    return { request, outputEncoding: 'raw' };
  }

  #addInput(reader: FieldReader, length: number, names: NameTable): boolean {
    let name: string | undefined = '';
    let datatype: Datatype | '' | undefined = '';
    const shape: number[] = [];
    let data: Uint8Array | undefined = NO_DATA;
    const outer = reader.enter(length);
    while (reader.hasMore) {
      const tag = reader.tag();
      if (tag === TENSOR_NAME) name = reader.name(names);
      else if (tag === TENSOR_DATATYPE) datatype = datatypeOfNumber(reader.varint());
      else if (tag === TENSOR_RAW) data = this.#readRaw(reader);
      else if (!reader.readShape(tag, shape)) return false;
      if (name === undefined || datatype === undefined || data === undefined) return false;
    }
    reader.leave(outer);
    if (datatype === '' || data === NO_DATA) return false;
    this.#inputs.push({ name, datatype, shape, data });
    return true;
  }

  /** Of several the last is the tensor's. */
  #readRaw(reader: FieldReader): Uint8Array | undefined {
    const length = reader.length();
    if (length === IRREGULAR) return undefined;
    const start = reader.at;
    reader.at += length;
    this.#rawBytes += length;
    return reader.bytes.subarray(start, reader.at);
  }
}
