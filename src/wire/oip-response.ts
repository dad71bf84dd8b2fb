import { ModelInferResponse, type ModelInferResponse_InferOutputTensor } from '../gen/inference/infer.js';
import type { InferResponse, StreamPiece } from '../model/infer.js';
import { delimitedBytes, FieldWriter } from './field-writer.js';
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

/** The message's last field: raw_output_contents, number 6, length-delimited. */
const RAW_OUTPUT_TAG = (6 << 3) | 2;

/**
 * The response behind `margin` free bytes, for what a message around it has in front of it. Its bytes are those of the generated code, which copies the
 * outputs' data into a buffer that grows and copies that buffer at the end; here it is moved once.
 */
export function encodeModelInferResponse(message: ModelInferResponse, margin: number): Buffer {
  const head = ModelInferResponse.encode({ ...message, rawOutputContents: [] }).finish();
  let total = margin + head.length;
  for (const data of message.rawOutputContents) total += delimitedBytes(data.length);
  const bytes = Buffer.allocUnsafe(total);
  bytes.set(head, margin);
  const writer = new FieldWriter(bytes, margin + head.length);
  for (const data of message.rawOutputContents) writer.data(RAW_OUTPUT_TAG, data);
  return bytes;
}
