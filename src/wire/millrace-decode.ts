import { InferRequest } from '../gen/millrace/v1/inference.js';
import { createInferCodec } from './codec.js';
import { readPlainInferRequest } from './millrace-plain-request.js';
import { type ParsedInfer, parseInferRequest } from './millrace-v1.js';
import { NameTable } from './name-table.js';
import { MILLRACE_INFER_LAYOUT } from './request-bounds.js';

/** Makes a decoder of InferRequest, which throws `invalid_request` and nothing else. Raw contents stay views of the bytes. */
export function createInferRequestDecoder(maxTypedBytes: number): (bytes: Uint8Array) => ParsedInfer {
  const codec = createInferCodec(InferRequest, MILLRACE_INFER_LAYOUT, maxTypedBytes);
  const names = new NameTable();
  return (bytes) => readPlainInferRequest(bytes, names) ?? parseInferRequest(codec.decode(bytes));
}
