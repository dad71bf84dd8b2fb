import type { ModelSource } from '../../src/model/source.js';
import type { ModelSettings, ModelSpec, TensorSettings, TensorSpec } from '../../src/model/spec.js';
import { DEFAULT_RUNTIME } from '../../src/wire/runtime-settings.js';

/** An empty config.pbtxt but for `given`. */
export function modelSettings(given: Partial<ModelSettings> = {}): ModelSettings {
  return {
    backend: '',
    maxBatchSize: 0,
    inputs: [],
    outputs: [],
    batching: { preferredBatchSizes: [], maxQueueDelayMs: 0, maxQueueSize: 0 },
    instanceCount: 1,
    decoupled: false,
    versionPolicy: { kind: 'latest', count: 1 },
    modelFilename: 'model.onnx',
    parameters: new Map(),
    runtime: DEFAULT_RUNTIME,
    warmups: [],
    metricTags: new Map(),
    authored: new Uint8Array(0),
    warnings: [],
    ...given,
  };
}

export function modelSource(given: Partial<ModelSettings> = {}, directory = '/nowhere/m/1'): ModelSource {
  return { model: 'm', version: '1', directory, settings: modelSettings(given) };
}

/** Settings that leave nothing to the model file. */
export function wholeTensors(tensors: readonly TensorSettings[]): TensorSpec[] {
  return tensors.map(({ name, datatype, dims, reshape, optional }) => {
    if (datatype === undefined || dims === undefined) throw new RangeError(`'${name}' leaves its datatype or dims to a file`);
    const tensor = reshape === undefined ? { name, datatype, dims } : { name, datatype, dims, modelDims: reshape };
    return optional === true ? { ...tensor, optional } : tensor;
  });
}

/** The spec of a model that needs nothing completed. */
export function modelSpec(given: Partial<ModelSettings> = {}): ModelSpec {
  const settings = modelSettings(given);
  const { backend, maxBatchSize, inputs, outputs, batching, instanceCount, decoupled, parameters, metricTags, authored } = settings;
  const { splitsRequests = false, refusesNonFinite = false } = settings;
  const sharesBatches = maxBatchSize > 0;
  return {
    model: 'm',
    version: '1',
    backend,
    maxBatchSize,
    inputs: wholeTensors(inputs),
    outputs: wholeTensors(outputs),
    batching,
    sharesBatches,
    splitsRequests,
    refusesNonFinite,
    instanceCount,
    decoupled,
    parameters,
    metricTags,
    authored,
  };
}
