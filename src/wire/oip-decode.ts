import { ModelInferRequest } from '../gen/inference/infer.js';
import { createInferCodec } from './codec.js';
import { NameTable } from './name-table.js';
import { readPlainRequest } from './oip-plain-request.js';
import type { OipInferRequest } from './oip-request.js';
import { MODEL_INFER_LAYOUT } from './request-bounds.js';

/** What has been received: a request as the data plane takes it, or the message of one that has parameters, typed contents or mistakes. */
export type ReceivedInfer =
  | { readonly kind: 'plain'; readonly request: OipInferRequest }
  | { readonly kind: 'message'; readonly message: ModelInferRequest };

/** Makes a decoder of ModelInferRequest, which throws `invalid_request` and nothing else. Raw contents stay views of the bytes. */
export function createModelInferDecoder(maxTypedBytes: number): (bytes: Uint8Array) => ReceivedInfer {
  const codec = createInferCodec(ModelInferRequest, MODEL_INFER_LAYOUT, maxTypedBytes);
  const names = new NameTable();
  return (bytes) => {
    const request = readPlainRequest(bytes, names);
    return request === undefined ? { kind: 'message', message: codec.decode(bytes) } : { kind: 'plain', request };
  };
}
