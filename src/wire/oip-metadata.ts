import type { ModelMetadataResponse, ModelMetadataResponse_TensorMetadata, ServerMetadataResponse } from '../gen/inference/metadata.js';
import type { ModelSpec, TensorSpec } from '../model/spec.js';
import { toWireShape } from './wire-shape.js';

/** Triton's platform names of backends that had one before there were backends; the others are their own platform. */
const PLATFORMS: ReadonlyMap<string, string> = new Map([['onnxruntime', 'onnxruntime_onnx']]);

/** `versions` are those that are ready. A batched model's shapes begin with the batch axis, which may be of any size. */
export function formatModelMetadata(spec: ModelSpec, versions: readonly string[]): ModelMetadataResponse {
  const batchAxis = spec.maxBatchSize > 0 ? [-1] : [];
  return {
    name: spec.model,
    versions: [...versions],
    platform: PLATFORMS.get(spec.backend) ?? spec.backend,
    inputs: spec.inputs.map((tensor) => formatTensor(tensor, batchAxis)),
    outputs: spec.outputs.map((tensor) => formatTensor(tensor, batchAxis)),
    properties: {},
  };
}

/** `extensions` names those that are supported in full, in Triton's words. */
export function formatServerMetadata(name: string, version: string, extensions: readonly string[]): ServerMetadataResponse {
  return { name, version, extensions: [...extensions] };
}

function formatTensor({ name, datatype, dims }: TensorSpec, batchAxis: readonly number[]): ModelMetadataResponse_TensorMetadata {
  return { name, datatype, shape: toWireShape([...batchAxis, ...dims]) };
}
