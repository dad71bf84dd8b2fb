import { quote, quoteList } from '../error/quote.js';
import { ServingError } from '../error/serving-error.js';
import { formatShape } from '../tensor/shape.js';
import { completeShape } from './complete-shape.js';
import { OWN_PARAMETER } from './own-parameters.js';
import { findPaddingProblem, type SpecTensors, withOptionalMask } from './padding.js';
import type { ModelSource } from './source.js';
import type {
  BatchingSpec,
  ModelSettings,
  ModelSignature,
  ModelSpec,
  PaddingSpec,
  TensorSettings,
  TensorSignature,
  TensorSpec,
} from './spec.js';

export interface SpecDefaults {
  /** Max batch size of a model whose settings say nothing of its signature and whose every axis 0 is symbolic. */
  readonly maxBatchSize: number;
}

type TensorKind = 'input' | 'output';

/**
 * Joins what config.pbtxt says with what the model file says of itself. What the settings leave out is taken from the file; what they
 * say must agree with it. Throws `load_failed` that names the tensor or field, what was expected and what was given. The result is frozen.
 */
export function completeSpec(source: ModelSource, signature: ModelSignature, defaults: SpecDefaults): ModelSpec {
  const { model, version, settings } = source;
  const maxBatchSize = completeMaxBatchSize(settings, signature, defaults);
  const own = {
    inputs: withoutBatchAxis(signature.inputs, 'input', maxBatchSize, source),
    outputs: withoutBatchAxis(signature.outputs, 'output', maxBatchSize, source),
  };
  const inputs = joinTensors(settings.inputs, own.inputs, maxBatchSize > 0, 'input', source);
  const outputs = joinTensors(settings.outputs, own.outputs, maxBatchSize > 0, 'output', source);
  if (settings.inputs.length > 0) assertNoneMissing(inputs, own.inputs, source);
  const tensors = {
    inputs: settings.inputs.length > 0 ? inputs : own.inputs,
    outputs: [...outputs, ...own.outputs.filter(({ name }) => !hasName(outputs, name))],
  };
  const sharesBatches = maxBatchSize > 0 && !isOff(settings);
  const batching = completeBatching(settings, maxBatchSize, sharesBatches, source);
  if (batching.padding !== undefined) assertPaddable(batching.padding, tensors, source);
  return Object.freeze({
    model,
    version,
    backend: settings.backend,
    maxBatchSize,
    inputs: Object.freeze(withOptionalMask(tensors.inputs, batching.padding?.mask)),
    outputs: Object.freeze(tensors.outputs),
    batching,
    sharesBatches,
    splitsRequests: settings.splitsRequests ?? false,
    refusesNonFinite: settings.refusesNonFinite ?? false,
    instanceCount: Math.max(1, settings.instanceCount),
    decoupled: settings.decoupled,
    parameters: new Map(settings.parameters),
    metricTags: new Map(settings.metricTags),
    authored: settings.authored,
  });
}

/**
 * The author's max batch size where he says anything of batching or shapes. Where he does not, a symbolic axis 0 all over is taken
 * for the batch axis, unless `millrace.batching` is `off`: that is how a model whose axis 0 means something else says so.
 */
function completeMaxBatchSize(settings: ModelSettings, { inputs, outputs }: ModelSignature, defaults: SpecDefaults): number {
  const silent = settings.maxBatchSize === 0 && settings.inputs.length === 0 && settings.outputs.length === 0;
  if (!silent) return settings.maxBatchSize;
  if (isOff(settings) || inputs.length === 0) return 0;
  return [...inputs, ...outputs].every(({ shape }) => shape[0] === -1) ? defaults.maxBatchSize : 0;
}

function isOff({ parameters }: ModelSettings): boolean {
  return parameters.get(OWN_PARAMETER.batching) === 'off';
}

/** The file's tensors as one request sees them. */
function withoutBatchAxis(
  tensors: readonly TensorSignature[],
  kind: TensorKind,
  maxBatchSize: number,
  source: ModelSource,
): readonly TensorSpec[] {
  return tensors.map(({ name, datatype, shape }) => {
    if (maxBatchSize === 0) return freezeTensor({ name, datatype, dims: shape });
    if (shape[0] === -1) return freezeTensor({ name, datatype, dims: shape.slice(1) });
    throw complaint(
      source,
      `${kind} ${quote(name)}: max_batch_size is ${maxBatchSize}, so the model's first dimension must be -1, but its shape is ${formatShape(shape)}`,
    );
  });
}

/** The configured tensors in their own order, each checked against the file's and narrowed by it. */
function joinTensors(
  configured: readonly TensorSettings[],
  own: readonly TensorSpec[],
  isBatched: boolean,
  kind: TensorKind,
  source: ModelSource,
): readonly TensorSpec[] {
  const ownByName = new Map(own.map((tensor) => [tensor.name, tensor]));
  const seen = new Set<string>();
  return configured.map((tensor) => {
    const { name } = tensor;
    if (seen.has(name)) throw complaint(source, `${kind} ${quote(name)} is configured twice`);
    seen.add(name);
    const ownTensor = ownByName.get(name);
    if (ownTensor === undefined) {
      throw complaint(source, `${kind} ${quote(name)} is not in the model, whose ${kind}s are ${quoteList([...ownByName.keys()])}`);
    }
    return joinTensor(tensor, ownTensor, isBatched, kind, source);
  });
}

function joinTensor(configured: TensorSettings, own: TensorSpec, isBatched: boolean, kind: TensorKind, source: ModelSource): TensorSpec {
  const { name, datatype = own.datatype, optional } = configured;
  if (datatype !== own.datatype) {
    throw complaint(source, `${kind} ${quote(name)}: datatype is configured as ${datatype}, but the model's is ${own.datatype}`);
  }
  const shape = completeShape(configured, own.dims, isBatched);
  if ('problem' in shape) throw complaint(source, `${kind} ${quote(name)}: ${shape.problem}`);
  const { dims, modelDims } = shape;
  const tensor = modelDims === undefined ? { name, datatype, dims } : { name, datatype, dims, modelDims: Object.freeze([...modelDims]) };
  return freezeTensor(optional === true ? { ...tensor, optional } : tensor);
}

function assertNoneMissing(configured: readonly TensorSpec[], own: readonly TensorSpec[], source: ModelSource): void {
  const missing = own.map(({ name }) => name).filter((name) => !hasName(configured, name));
  if (missing.length > 0) throw complaint(source, `the model needs input(s) ${quoteList(missing)}, which the configured inputs leave out`);
}

function assertPaddable(padding: PaddingSpec, tensors: SpecTensors, source: ModelSource): void {
  const problem = findPaddingProblem(padding, tensors);
  if (problem !== undefined) throw complaint(source, problem);
}

function completeBatching(settings: ModelSettings, maxBatchSize: number, sharesBatches: boolean, source: ModelSource): BatchingSpec {
  const { batching, decoupled } = settings;
  for (const size of batching.preferredBatchSizes) {
    if (size < 1) throw complaint(source, `dynamic batching preferred size must be positive, got ${size}`);
    if (size > maxBatchSize) {
      throw complaint(source, `dynamic batching preferred size must be <= max batch size ${maxBatchSize}, got ${size}`);
    }
  }
  const preferredBatchSizes = [...new Set(batching.preferredBatchSizes)].sort((a, b) => a - b);
  const { padding, ...others } = { ...batching, preferredBatchSizes: Object.freeze(preferredBatchSizes) };
  // Where no requests share a batch, nothing is padded and no mask is made.
  return Object.freeze(padding !== undefined && sharesBatches && !decoupled ? { ...others, padding } : others);
}

function hasName(tensors: readonly TensorSpec[], name: string): boolean {
  return tensors.some((tensor) => tensor.name === name);
}

function freezeTensor(tensor: TensorSpec): TensorSpec {
  return Object.freeze({ ...tensor, dims: Object.freeze([...tensor.dims]) });
}

function complaint({ model }: ModelSource, problem: string): ServingError {
  return new ServingError('load_failed', `model ${quote(model)}: ${problem}`);
}
