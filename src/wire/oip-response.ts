import { ModelInferResponse, type ModelInferResponse_InferOutputTensor } from '../gen/inference/infer.js';
import type { InferResponse, StreamPiece } from '../model/infer.js';
import { type AnswerMemory, createCodec, type MessageCodec } from './codec.js';
import { placeOutput } from './oip-memory.js';
import type { OipInferRequest } from './oip-request.js';
import { toWireShape } from './wire-shape.js';

/**
 * Every output's data is in rawOutputContents, in the order of the outputs: Triton's clients read nothing else. The data is not copied. An output that the
 * request gave a place in shared memory is written there, and its entry is empty; as in Triton the message does not repeat where. Throws `invalid_request`
 * where it does not fit, and what OutputMemory throws.
 */
export function formatModelInferResponse(
  { model, requestId, outputPlaces }: OipInferRequest,
  { version, outputs }: InferResponse | StreamPiece,
): ModelInferResponse {
  const tensors: ModelInferResponse_InferOutputTensor[] = [];
  const raw: Uint8Array[] = [];
  for (const output of outputs) {
    const { name, datatype, shape, data } = output;
    tensors.push({ name, datatype, shape: toWireShape(shape), parameters: {}, contents: undefined });
    raw.push(outputPlaces === undefined ? data : placeOutput(output, outputPlaces));
  }
  return { modelName: model, modelVersion: version, id: requestId, parameters: {}, outputs: tensors, rawOutputContents: raw };
}

const generatedCodec = createCodec(ModelInferResponse);

/** The message's last field: raw_output_contents, number 6, length-delimited. */
const RAW_OUTPUT_TAG = (6 << 3) | 2;

/**
 * Writes the same bytes as the generated code but moves the outputs' data once: the generated writer copies it into a buffer that grows and copies that
 * buffer at the end, which is most of what a response costs to write.
 */
export const modelInferResponseCodec: MessageCodec<ModelInferResponse> = {
  encode: (message, memory) => encodeModelInferResponse(message, 0, memory),
  decode: (bytes) => generatedCodec.decode(bytes),
};

/** The response behind `margin` free bytes, for what a message around it has in front of it. */
export function encodeModelInferResponse(message: ModelInferResponse, margin: number, memory?: AnswerMemory): Buffer {
  const head = ModelInferResponse.encode({ ...message, rawOutputContents: [] }).finish();
  let total = margin + head.length;
  for (const data of message.rawOutputContents) total += 1 + varintBytes(data.length) + data.length;
  const bytes = memory === undefined ? Buffer.allocUnsafe(total) : memory.take(total).subarray(0, total);
  bytes.set(head, margin);
  let at = margin + head.length;
  for (const data of message.rawOutputContents) {
    bytes[at] = RAW_OUTPUT_TAG;
    at = writeVarint(bytes, at + 1, data.length);
    bytes.set(data, at);
    at += data.length;
  }
  return bytes;
}

/** How many bytes `writeVarint` takes. */
export function varintBytes(value: number): number {
  let length = 1;
  for (let rest = value; rest > 0x7f; rest = Math.floor(rest / 0x80)) length += 1;
  return length;
}

/** Returns the offset behind it. */
export function writeVarint(bytes: Uint8Array, offset: number, value: number): number {
  let at = offset;
  for (let rest = value; ; rest = Math.floor(rest / 0x80)) {
    bytes[at] = rest > 0x7f ? (rest & 0x7f) | 0x80 : rest;
    at += 1;
    if (rest <= 0x7f) return at;
  }
}
