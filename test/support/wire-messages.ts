import { ServingError } from '../../src/error/serving-error.js';
import type { InferTensorContents, ModelInferRequest, ModelInferRequest_InferInputTensor } from '../../src/gen/inference/infer.js';
import type { InferRequest, InferStreamRequest } from '../../src/gen/millrace/v1/inference.js';
import type { Tensor } from '../../src/gen/millrace/v1/tensor.js';

/** Messages of both facades with every field that a test does not mention at its default. */
export function contents(fields: Partial<InferTensorContents> = {}): InferTensorContents {
  return {
    boolContents: [],
    intContents: [],
    int64Contents: [],
    uintContents: [],
    uint64Contents: [],
    fp32Contents: [],
    fp64Contents: [],
    bytesContents: [],
    ...fields,
  };
}

export function oipInput(fields: Partial<ModelInferRequest_InferInputTensor> = {}): ModelInferRequest_InferInputTensor {
  return { name: 'x', datatype: 'FP32', shape: [1n], parameters: {}, contents: undefined, ...fields };
}

export function oipRequest(fields: Partial<ModelInferRequest> = {}): ModelInferRequest {
  return { modelName: 'm', modelVersion: '', id: '', parameters: {}, inputs: [], outputs: [], rawInputContents: [], ...fields };
}

export function wireTensor(fields: Partial<Tensor> = {}): Tensor {
  return {
    name: 'x',
    datatype: 11,
    shape: [1n],
    bools: [],
    ints: [],
    uints: [],
    floats: [],
    doubles: [],
    strings: [],
    bytesList: [],
    ...fields,
  };
}

export function wireRequest(fields: Partial<InferRequest> = {}): InferRequest {
  return {
    model: 'm',
    version: '',
    requestId: '',
    inputs: [],
    outputNames: [],
    parameters: {},
    priority: 0,
    outputEncoding: 0,
    ...fields,
  };
}

export function wireStreamRequest(fields: Partial<InferStreamRequest> = {}): InferStreamRequest {
  return { ...wireRequest(), rowsPerMessage: 0, ordering: 0, onError: 0, ...fields };
}

/** The ServingError that `act` throws; anything else that it does fails the test. */
export function servingErrorOf(act: () => unknown): ServingError {
  try {
    act();
  } catch (error) {
    if (error instanceof ServingError) return error as ServingError;
    throw error;
  }
  throw new Error('nothing was thrown');
}
