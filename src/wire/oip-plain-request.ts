import { findVersionReference } from '../model/id.js';
import { type Datatype, isDatatype } from '../tensor/datatype.js';
import { FieldReader, IRREGULAR } from './field-reader.js';
import { type NameTable, readText } from './name-table.js';
import type { OipInferRequest } from './oip-request.js';
import { MAX_DESCRIPTION_BYTES } from './request-bounds.js';

/** Tags of inference.ModelInferRequest, whose fields are all length-delimited. */
const MODEL_NAME = (1 << 3) | 2;
const MODEL_VERSION = (2 << 3) | 2;
const ID = (3 << 3) | 2;
const INPUTS = (5 << 3) | 2;
const OUTPUTS = (6 << 3) | 2;
const RAW_INPUT_CONTENTS = (7 << 3) | 2;

/** Tags of an input and of an output that is asked for. */
const TENSOR_NAME = (1 << 3) | 2;
const TENSOR_DATATYPE = (2 << 3) | 2;

const NO_NAMES: readonly string[] = [];
const NO_DATA = new Uint8Array(0);

interface PlainInput {
  readonly name: string;
  readonly datatype: Datatype;
  readonly shape: readonly number[];
  data: Uint8Array;
}

/**
 * A serialised ModelInferRequest as the data plane takes it, without the message in between: what bounds, decoding and `parseModelInferRequest` make of it,
 * at a fraction of the price. Undefined for whatever is not of the common kind, which is raw contents behind their inputs and nothing that has parameters: that
 * is for the generated code, as is all that is to be refused.
 */
export function readPlainRequest(bytes: Uint8Array, names: NameTable): OipInferRequest | undefined {
  const reader = new FieldReader(bytes);
  const request = new PlainRequest();
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
class PlainRequest {
  #model = '';
  #version = '';
  #requestId = '';
  readonly #inputs: PlainInput[] = [];
  #outputNames: string[] | undefined;
  /** Inputs, from the first on, whose data has come. */
  #withData = 0;
  #rawBytes = 0;

  /** False for what is not plain. */
  read(tag: number, reader: FieldReader, length: number, names: NameTable): boolean {
    switch (tag) {
      case MODEL_NAME:
        return this.#setModel(names.find(reader.bytes, reader.at, length));
      case MODEL_VERSION:
        return this.#setVersion(names.find(reader.bytes, reader.at, length));
      case ID:
        return this.#setRequestId(readText(reader.bytes, reader.at, length));
      case INPUTS:
        return this.#addInput(readInput(reader, length, names));
      case OUTPUTS:
        return this.#addOutputName(readOutputName(reader, length, names));
      case RAW_INPUT_CONTENTS:
        return this.#addData(reader.bytes.subarray(reader.at, reader.at + length));
      default:
        return false;
    }
  }

  finish(bytes: number): OipInferRequest | undefined {
    const version = findVersionReference(this.#version);
    if (version === undefined || this.#withData < this.#inputs.length || bytes - this.#rawBytes > MAX_DESCRIPTION_BYTES) return undefined;
    return {
      model: this.#model,
      version,
      requestId: this.#requestId,
      inputs: this.#inputs,
      memoryBytes: undefined,
      outputNames: this.#outputNames ?? NO_NAMES,
      classCounts: undefined,
      outputPlaces: undefined,
      priority: 0,
      queueTimeoutUs: 0,
    };
  }

  #setModel(model: string | undefined): boolean {
    this.#model = model ?? '';
    return model !== undefined;
  }

  #setVersion(version: string | undefined): boolean {
    this.#version = version ?? '';
    return version !== undefined;
  }

  #setRequestId(requestId: string | undefined): boolean {
    this.#requestId = requestId ?? '';
    return requestId !== undefined;
  }

  #addInput(input: PlainInput | undefined): boolean {
    if (input !== undefined) this.#inputs.push(input);
    return input !== undefined;
  }

  #addOutputName(name: string | undefined): boolean {
    if (name === undefined) return false;
    this.#outputNames ??= [];
    this.#outputNames.push(name);
    return true;
  }

  #addData(data: Uint8Array): boolean {
    const input = this.#inputs[this.#withData];
    if (input === undefined) return false;
    input.data = data;
    this.#withData += 1;
    this.#rawBytes += data.length;
    return true;
  }
}

function readInput(reader: FieldReader, length: number, names: NameTable): PlainInput | undefined {
  let name: string | undefined = '';
  let datatype: string | undefined = '';
  const shape: number[] = [];
  const outer = reader.enter(length);
  while (reader.hasMore) {
    const tag = reader.tag();
    if (tag === TENSOR_NAME) name = reader.name(names);
    else if (tag === TENSOR_DATATYPE) datatype = reader.name(names);
    else if (!reader.readShape(tag, shape)) return undefined;
    if (name === undefined || datatype === undefined) return undefined;
  }
  reader.leave(outer);
  return isDatatype(datatype) ? { name, datatype, shape, data: NO_DATA } : undefined;
}

function readOutputName(reader: FieldReader, length: number, names: NameTable): string | undefined {
  let name: string | undefined = '';
  const outer = reader.enter(length);
  while (reader.hasMore) {
    name = reader.tag() === TENSOR_NAME ? reader.name(names) : undefined;
    if (name === undefined) return undefined;
  }
  reader.leave(outer);
  return name;
}
