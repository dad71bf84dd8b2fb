import { ModelInferRequest, ModelInferResponse } from '../../src/gen/inference/infer.js';
import { InferRequest, InferStreamRequest, InferStreamResponse, OnError, Ordering } from '../../src/gen/millrace/v1/inference.js';
import { Datatype, type Tensor } from '../../src/gen/millrace/v1/tensor.js';

export const INFER = '/millrace.v1.InferenceService/Infer';
export const INFER_STREAM = '/millrace.v1.InferenceService/InferStream';
export const MODEL_INFER = '/inference.GRPCInferenceService/ModelInfer';

export interface IdentityOptions {
  readonly delayMs?: number;
  /** 0, the default: one request at a time. */
  readonly maxBatchSize?: number;
  /** More lines of config.pbtxt. */
  readonly config?: string;
}

/** Files of identity models for ModelDirectory: what comes in as INPUT0, FP32, goes out as OUTPUT0, as slowly as wished. */
export function identityModels(models: Readonly<Record<string, IdentityOptions>>): Record<string, Uint8Array> {
  const files: Record<string, Uint8Array> = {};
  for (const [name, options] of Object.entries(models)) {
    files[`${name}/config.pbtxt`] = Buffer.from(configOf(options));
    files[`${name}/1/placeholder`] = new Uint8Array();
  }
  return files;
}

function configOf({ delayMs = 0, maxBatchSize = 0, config = '' }: IdentityOptions): string {
  return `
    backend: "identity"
    max_batch_size: ${maxBatchSize}
    input [ { name: "INPUT0" data_type: TYPE_FP32 dims: [ -1 ] } ]
    output [ { name: "OUTPUT0" data_type: TYPE_FP32 dims: [ -1 ] } ]
    parameters { key: "execute_delay_ms" value { string_value: "${delayMs}" } }
    ${config}`;
}

function toBytes(values: readonly number[]): Uint8Array<ArrayBuffer> {
  return new Uint8Array(Float32Array.from(values).buffer);
}

function fromBytes(bytes: Uint8Array): number[] {
  return [...new Float32Array(new Uint8Array(bytes).buffer)];
}

/** One tensor of millrace.v1, raw. */
export function rawTensor(name: string, shape: readonly number[], values: readonly number[]): Tensor {
  const lists = { bools: [], ints: [], uints: [], floats: [], doubles: [], strings: [], bytesList: [] };
  return { name, datatype: Datatype.DATATYPE_FP32, shape: shape.map(BigInt), raw: toBytes(values), ...lists };
}

const COMMON = { version: '', requestId: '', outputNames: [], parameters: {}, priority: 0, outputEncoding: 0 } as const;

/** Infer of a model with one FP32 input. */
export function inferRequest(model: string, input: Tensor): Uint8Array {
  return InferRequest.encode({ ...COMMON, model, inputs: [input], outputNames: [], parameters: {} }).finish();
}

/** Infer of an unbatched identity model. */
export function identityRequest(model: string, values: readonly number[] = [1, 2]): Uint8Array {
  return inferRequest(model, rawTensor('INPUT0', [values.length], values));
}

/** Infer of a batched identity model with one row. */
export function identityRow(model: string, values: readonly number[] = [1, 2]): Uint8Array {
  return inferRequest(model, rawTensor('INPUT0', [1, values.length], values));
}

/** InferStream of any model. */
export function inferStreamRequest(
  model: string,
  inputs: readonly Tensor[],
  rowsPerMessage: number,
  onError: 'fail_stream' | 'continue' = 'fail_stream',
): Uint8Array {
  const stream = {
    rowsPerMessage,
    ordering: Ordering.ORDERING_UNSPECIFIED,
    onError: onError === 'continue' ? OnError.ON_ERROR_CONTINUE : OnError.ON_ERROR_FAIL_STREAM,
  };
  return InferStreamRequest.encode({ ...COMMON, ...stream, model, inputs: [...inputs], outputNames: [], parameters: {} }).finish();
}

/** InferStream of a batched identity model: row n holds n. */
export function identityRows(model: string, rows: number, rowsPerMessage: number): Uint8Array {
  const values = Array.from({ length: rows }, (_, row) => row);
  return inferStreamRequest(model, [rawTensor('INPUT0', [rows, 1], values)], rowsPerMessage);
}

/** The rows that a stream's messages brought, in their order. */
export function streamedRows(messages: readonly Uint8Array[]): number[] {
  return messages.flatMap((message) =>
    InferStreamResponse.decode(message).outputs.flatMap(({ raw }) => fromBytes(raw ?? new Uint8Array())),
  );
}

export function isFinal(message: Uint8Array): boolean {
  return InferStreamResponse.decode(message).final;
}

/** ModelInfer of an identity model, an unbatched one unless `shape` says otherwise. */
export function oipRequest(modelName: string, values: readonly number[] = [1, 2], shape: readonly number[] = [values.length]): Uint8Array {
  return ModelInferRequest.encode({
    modelName,
    modelVersion: '',
    id: '',
    parameters: {},
    inputs: [{ name: 'INPUT0', datatype: 'FP32', shape: shape.map(BigInt), parameters: {}, contents: undefined }],
    outputs: [],
    rawInputContents: [toBytes(values)],
  }).finish();
}

export function oipValues(message: Uint8Array): number[] {
  return ModelInferResponse.decode(message).rawOutputContents.flatMap(fromBytes);
}
