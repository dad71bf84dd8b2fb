import { quote } from '../error/quote.js';
import { ServingError } from '../error/serving-error.js';
import { ModelConfig, ModelInstanceGroup_Kind } from '../gen/inference/model_config.js';
import { isVersion } from '../model/id.js';
import type { BatchingSpec, ModelSettings, VersionPolicy } from '../model/spec.js';
import { parseDynamicBatching } from './dynamic-batching.js';
import { parseMetricTags } from './metric-tags.js';
import { parseModelConfigJson } from './model-config-json.js';
import { parseModelConfigText } from './model-config-text.js';
import { findIneffectiveFields } from './model-config-warnings.js';
import { parseWarmups } from './model-warmup.js';
import { parseBatchingMode, parseOwnParameters } from './own-parameters.js';
import { DEFAULT_RUNTIME, parseRuntimeSettings } from './runtime-settings.js';
import { findIneffectiveRuntimeSettings } from './runtime-warnings.js';
import { parseInputSettings, parseOutputSettings } from './tensor-settings.js';

const DEFAULT_BACKEND = 'onnxruntime';
export const DEFAULT_MODEL_FILENAME = 'model.onnx';

/** Triton's older names of backends, from when a platform was a runtime and a format. */
const BACKEND_OF_PLATFORM: ReadonlyMap<string, string> = new Map([['onnxruntime_onnx', 'onnxruntime']]);

/**
 * Reads config.pbtxt of the model whose directory is `model`. Throws `load_failed` where the text is no ModelConfig or asks for what cannot be had;
 * what is merely without effect becomes a warning. Nothing is completed from the model file.
 */
export function parseModelConfig(text: string, model: string): ModelSettings {
  return readSettings('config.pbtxt', parseModelConfigText, text, model);
}

/** The same of what a caller says in place of config.pbtxt: a ModelConfig as JSON. */
export function parseConfigOverride(json: string, model: string): ModelSettings {
  return readSettings('config override', parseModelConfigJson, json, model);
}

/** The settings of a model without config.pbtxt. */
export function defaultSettings(): ModelSettings {
  return {
    backend: DEFAULT_BACKEND,
    maxBatchSize: 0,
    inputs: [],
    outputs: [],
    batching: { preferredBatchSizes: [], maxQueueDelayMs: 0, maxQueueSize: 0 },
    instanceCount: 1,
    decoupled: false,
    versionPolicy: { kind: 'latest', count: 1 },
    modelFilename: DEFAULT_MODEL_FILENAME,
    parameters: new Map(),
    runtime: DEFAULT_RUNTIME,
    warmups: [],
    metricTags: new Map(),
    authored: new Uint8Array(0),
    warnings: [],
  };
}

function readSettings(what: string, parse: (text: string) => ModelConfig, text: string, model: string): ModelSettings {
  try {
    return toSettings(parse(text), model);
  } catch (error) {
    // Both the reader of the text and the checks below say what is wrong; here it is said of which model.
    const problem = error instanceof Error ? error.message : String(error);
    throw new ServingError('load_failed', `${what} of model ${quote(model)}: ${problem}`, undefined, error);
  }
}

function toSettings(config: ModelConfig, model: string): ModelSettings {
  const { maxBatchSize } = config;
  if (config.name !== '' && config.name !== model) {
    throw new Error(`name is ${quote(config.name)}, expected the name of the model's directory or none`);
  }
  if (maxBatchSize < 0) throw new Error(`max_batch_size is ${maxBatchSize}, expected 0 or more`);
  const backend = parseBackend(config);
  const own = parseOwnParameters(config);
  return {
    backend,
    maxBatchSize,
    inputs: config.input.map(parseInputSettings),
    outputs: config.output.map(parseOutputSettings),
    batching: { ...parseBatching(config), ...own.batching },
    ...own.switches,
    instanceCount: parseInstanceCount(config),
    decoupled: config.modelTransactionPolicy?.decoupled ?? false,
    versionPolicy: parseVersionPolicy(config),
    modelFilename: parseModelFilename(config),
    parameters: new Map(Object.entries(config.parameters).map(([key, { stringValue }]) => [key, stringValue])),
    runtime: parseRuntimeSettings(config, backend),
    warmups: parseWarmups(config.modelWarmup),
    metricTags: parseMetricTags(config.metricTags),
    authored: ModelConfig.encode(config).finish(),
    warnings: [...findIneffectiveFields(config), ...findIneffectiveRuntimeSettings(config, backend)],
  };
}

function parseBackend({ backend, platform }: ModelConfig): string {
  if (platform === 'ensemble') throw new Error("platform 'ensemble' is not supported");
  if (platform === '') return backend === '' ? DEFAULT_BACKEND : backend;
  const byPlatform = BACKEND_OF_PLATFORM.get(platform) ?? platform;
  if (backend !== '' && backend !== byPlatform) {
    throw new Error(`backend is ${quote(backend)}, but platform ${quote(platform)} is run by backend ${quote(byPlatform)}`);
  }
  return byPlatform;
}

/** Absent is learned, as it is where there is no config. */
function parseBatching(config: ModelConfig): BatchingSpec {
  const { schedulingChoice } = config;
  const batching =
    schedulingChoice?.$case === 'dynamicBatching' ? parseDynamicBatching(schedulingChoice.value) : defaultSettings().batching;
  const mode = parseBatchingMode(config, batching);
  return mode === 'fixed' ? { ...batching, mode } : batching;
}

/** Groups differ only in the device that they ask for, and there is one: their counts add up. A group without a count has one instance. */
function parseInstanceCount({ instanceGroup }: ModelConfig): number {
  let instances = 0;
  for (const { count, kind } of instanceGroup) {
    if (kind === ModelInstanceGroup_Kind.KIND_GPU)
      throw new Error('instance_group asks for KIND_GPU, but models run on the CPU: use KIND_CPU or KIND_AUTO');
    if (count < 0) throw new Error(`instance_group has count ${count}, expected 1 or more`);
    instances += count === 0 ? 1 : count;
  }
  return instances === 0 ? 1 : instances;
}

function parseVersionPolicy({ versionPolicy }: ModelConfig): VersionPolicy {
  const choice = versionPolicy?.policyChoice;
  switch (choice?.$case) {
    case undefined:
      return defaultSettings().versionPolicy;
    case 'all':
      return { kind: 'all' };
    case 'latest':
      if (choice.value.numVersions < 1) throw new Error('version_policy.latest has num_versions 0, expected 1 or more');
      return { kind: 'latest', count: choice.value.numVersions };
    case 'specific':
      return { kind: 'specific', versions: parseVersions(choice.value.versions) };
  }
}

function parseVersions(numbers: readonly bigint[]): string[] {
  const versions = numbers.map(String);
  const bad = versions.find((version) => !isVersion(version));
  if (bad !== undefined) throw new Error(`version_policy.specific has version ${bad}, expected positive integers`);
  if (versions.length === 0) throw new Error('version_policy.specific names no versions');
  return versions;
}

/** The file is one of the version's directory: a path would lead out of it. */
function parseModelFilename({ defaultModelFilename: filename }: ModelConfig): string {
  if (filename === '') return DEFAULT_MODEL_FILENAME;
  if (filename === '.' || filename === '..' || /[/\\\0]/.test(filename)) {
    throw new Error(`default_model_filename is ${quote(filename)}, expected the plain name of a file`);
  }
  return filename;
}
