import type { InferResponse } from '../model/infer.js';
import type { Tensor } from '../tensor/tensor.js';
import { type AnswerMemory, takeAnswer } from './codec.js';
import { delimitedBytes, FieldWriter, shapeBytes, textFieldBytes } from './field-writer.js';
import { placeOutput } from './oip-memory.js';
import type { OipInferRequest } from './oip-request.js';

/** Tags of inference.ModelInferResponse, whose fields are all length-delimited. */
const MODEL_NAME = (1 << 3) | 2;
const MODEL_VERSION = (2 << 3) | 2;
const ID = (3 << 3) | 2;
const OUTPUTS = (5 << 3) | 2;
const RAW_OUTPUT_CONTENTS = (6 << 3) | 2;

/** Tags of an output. */
const TENSOR_NAME = (1 << 3) | 2;
const TENSOR_DATATYPE = (2 << 3) | 2;
const TENSOR_SHAPE = (3 << 3) | 2;

/** What a ModelInferResponse says, before it is a message. */
export interface OipAnswer {
  readonly model: string;
  readonly version: string;
  readonly requestId: string;
  /** Those in shared memory are empty. */
  readonly outputs: readonly Tensor[];
}

/**
 * The answer to `request`. An output that it gave a place in shared memory is written there, and its entry is empty; as in Triton the message does not
 * repeat where. Throws `invalid_request` where it does not fit, and what OutputMemory throws.
 */
export function answerTo({ model, requestId, outputPlaces }: OipInferRequest, { version, outputs }: InferResponse): OipAnswer {
  if (outputPlaces === undefined) return { model, version, requestId, outputs };
  return { model, version, requestId, outputs: outputs.map((output) => ({ ...output, data: placeOutput(output, outputPlaces) })) };
}

/**
 * Writes the bytes that the generated code would write, all data in raw_output_contents, in the order of the outputs: Triton's clients read nothing else.
 * Sizes are counted first, so that each byte is moved once, and no message is made.
 */
export function encodeAnswer({ model, version, requestId, outputs }: OipAnswer, memory?: AnswerMemory): Buffer {
  let length = textFieldBytes(model) + textFieldBytes(version) + textFieldBytes(requestId);
  for (const output of outputs) length += delimitedBytes(outputBytes(output)) + delimitedBytes(output.data.length);
  const bytes = takeAnswer(length, memory);
  const writer = new FieldWriter(bytes);
  writer.text(MODEL_NAME, model);
  writer.text(MODEL_VERSION, version);
  writer.text(ID, requestId);
  for (const output of outputs) writeOutput(writer, output);
  for (const { data } of outputs) writer.data(RAW_OUTPUT_CONTENTS, data);
  return bytes;
}

/** Of what describes an output. */
function outputBytes({ name, datatype, shape }: Tensor): number {
  const sizes = shape.length === 0 ? 0 : delimitedBytes(shapeBytes(shape));
  return textFieldBytes(name) + textFieldBytes(datatype) + sizes;
}

function writeOutput(writer: FieldWriter, output: Tensor): void {
  writer.head(OUTPUTS, outputBytes(output));
  writer.text(TENSOR_NAME, output.name);
  writer.text(TENSOR_DATATYPE, output.datatype);
  writer.shape(TENSOR_SHAPE, output.shape);
}
