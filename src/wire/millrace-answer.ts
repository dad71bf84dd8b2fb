import { InferResponse as WireResponse } from '../gen/millrace/v1/inference.js';
import type { InferResponse, Timings } from '../model/infer.js';
import type { Tensor } from '../tensor/tensor.js';
import { type AnswerMemory, createCodec, takeAnswer } from './codec.js';
import { numberOfDatatype } from './datatype-number.js';
import { delimitedBytes, FieldWriter, shapeBytes, textFieldBytes, varintBytes } from './field-writer.js';
import { formatInferResponse, type ParsedInfer, wholeUs } from './millrace-v1.js';

/** Tags of millrace.v1.InferResponse. */
const MODEL = (1 << 3) | 2;
const VERSION = (2 << 3) | 2;
const REQUEST_ID = (3 << 3) | 2;
const OUTPUTS = (4 << 3) | 2;
const TIMINGS = (5 << 3) | 2;

/** Tags of a tensor. */
const TENSOR_NAME = (1 << 3) | 2;
const TENSOR_DATATYPE = 2 << 3;
const TENSOR_SHAPE = (3 << 3) | 2;
const TENSOR_RAW = (4 << 3) | 2;

/** Tags of the timings, which are all varints. */
const QUEUE_US = 1 << 3;
const ASSEMBLE_US = 2 << 3;
const EXECUTE_US = 3 << 3;
const BATCH_SIZE = 4 << 3;

/** What an InferResponse says, before it is a message. */
export interface MillraceAnswer {
  /** The request that is answered. */
  readonly parsed: ParsedInfer;
  readonly response: InferResponse;
}

const generatedCodec = createCodec(WireResponse);

/** Makes an encoder. It throws `invalid_request` where outputs are typed and of more than `maxTypedBytes`. */
export function createMillraceAnswerEncoder(maxTypedBytes: number): (answer: MillraceAnswer, memory?: AnswerMemory) => Uint8Array {
  return ({ parsed, response }, memory) =>
    parsed.outputEncoding === 'raw'
      ? encodeRawAnswer(parsed, response, memory)
      : generatedCodec.encode(formatInferResponse(parsed, response, maxTypedBytes));
}

/** Writes the bytes that the generated code would write. Sizes are counted first, so that each byte is moved once, and no message is made. */
function encodeRawAnswer({ request }: ParsedInfer, { version, outputs, timings }: InferResponse, memory: AnswerMemory | undefined): Buffer {
  const { model, requestId } = request;
  let length = textFieldBytes(model) + textFieldBytes(version) + textFieldBytes(requestId);
  for (const output of outputs) length += delimitedBytes(tensorBytes(output));
  const bytes = takeAnswer(length + delimitedBytes(timingsBytes(timings)), memory);
  const writer = new FieldWriter(bytes);
  writer.text(MODEL, model);
  writer.text(VERSION, version);
  writer.text(REQUEST_ID, requestId);
  for (const output of outputs) writeTensor(writer, output);
  writeTimings(writer, timings);
  return bytes;
}

function tensorBytes({ name, datatype, shape, data }: Tensor): number {
  const sizes = shape.length === 0 ? 0 : delimitedBytes(shapeBytes(shape));
  return textFieldBytes(name) + numberBytes(numberOfDatatype(datatype)) + sizes + delimitedBytes(data.length);
}

function writeTensor(writer: FieldWriter, tensor: Tensor): void {
  writer.head(OUTPUTS, tensorBytes(tensor));
  writer.text(TENSOR_NAME, tensor.name);
  writer.head(TENSOR_DATATYPE, numberOfDatatype(tensor.datatype));
  writer.shape(TENSOR_SHAPE, tensor.shape);
  writer.data(TENSOR_RAW, tensor.data);
}

function timingsBytes({ queueUs, assembleUs, executeUs, batchSize }: Timings): number {
  return numberBytes(wholeUs(queueUs)) + numberBytes(wholeUs(assembleUs)) + numberBytes(wholeUs(executeUs)) + numberBytes(batchSize);
}

function writeTimings(writer: FieldWriter, timings: Timings): void {
  writer.head(TIMINGS, timingsBytes(timings));
  writeNumber(writer, QUEUE_US, wholeUs(timings.queueUs));
  writeNumber(writer, ASSEMBLE_US, wholeUs(timings.assembleUs));
  writeNumber(writer, EXECUTE_US, wholeUs(timings.executeUs));
  writeNumber(writer, BATCH_SIZE, timings.batchSize);
}

/** Of a field whose number is left out where it is 0, as protobuf does. */
function numberBytes(value: number): number {
  return value === 0 ? 0 : 1 + varintBytes(value);
}

function writeNumber(writer: FieldWriter, tag: number, value: number): void {
  if (value !== 0) writer.head(tag, value);
}
