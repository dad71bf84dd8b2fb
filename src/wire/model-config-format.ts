import {
  ModelConfig,
  ModelDynamicBatching,
  ModelInput,
  ModelInstanceGroup,
  ModelInstanceGroup_Kind,
  ModelOutput,
  ModelVersionPolicy,
} from '../gen/inference/model_config.js';
import type { ModelSpec, TensorSpec } from '../model/spec.js';
import { numberOfDatatype } from './datatype-number.js';
import { DEFAULT_MODEL_FILENAME } from './model-config.js';
import { toWireShape } from './wire-shape.js';

/** Triton's platforms of backends that had one before there were backends; the others have none. */
const PLATFORMS: ReadonlyMap<string, string> = new Map([['onnxruntime', 'onnxruntime_onnx']]);

/** Backends whose model is a file of the version's directory. */
const BACKENDS_OF_FILES: readonly string[] = ['onnxruntime'];

const NOTHING = new Uint8Array(0);

/**
 * The configuration of a version that is served: what its author wrote, with what it left open as it was completed. Read as a config.pbtxt it
 * means the same model.
 */
export function formatModelConfig(spec: ModelSpec): ModelConfig {
  const authored = ModelConfig.decode(spec.authored);
  return {
    ...authored,
    name: spec.model,
    platform: authored.platform === '' ? (PLATFORMS.get(spec.backend) ?? '') : authored.platform,
    backend: spec.backend,
    versionPolicy: formatVersionPolicy(authored),
    maxBatchSize: spec.maxBatchSize,
    input: spec.inputs.map((tensor) => completeTensor(findOrCreate(authored.input, tensor, ModelInput), tensor)),
    output: spec.outputs.map((tensor) => completeTensor(findOrCreate(authored.output, tensor, ModelOutput), tensor)),
    schedulingChoice: authored.schedulingChoice ?? formatScheduling(spec),
    instanceGroup: formatInstances(authored, spec),
    defaultModelFilename: formatModelFilename(authored, spec),
    modelTransactionPolicy: { decoupled: spec.decoupled },
  };
}

function findOrCreate<T extends ModelInput | ModelOutput>(
  authored: readonly T[],
  { name }: TensorSpec,
  type: { decode(bytes: Uint8Array): T },
): T {
  return authored.find((tensor) => tensor.name === name) ?? type.decode(NOTHING);
}

function completeTensor<T extends ModelInput | ModelOutput>(authored: T, { name, datatype, dims, modelDims = dims }: TensorSpec): T {
  const reshape = authored.reshape === undefined ? undefined : { shape: toWireShape(modelDims) };
  return { ...authored, name, dataType: numberOfDatatype(datatype), dims: toWireShape(dims), reshape };
}

function formatVersionPolicy({ versionPolicy }: ModelConfig): ModelVersionPolicy {
  if (versionPolicy?.policyChoice !== undefined) return versionPolicy;
  return { ...ModelVersionPolicy.decode(NOTHING), policyChoice: { $case: 'latest', value: { numVersions: 1 } } };
}

/** Requests share executions unless the author says otherwise: what Triton says by an empty dynamic_batching. */
function formatScheduling({ sharesBatches }: ModelSpec): ModelConfig['schedulingChoice'] {
  return sharesBatches ? { $case: 'dynamicBatching', value: ModelDynamicBatching.decode(NOTHING) } : undefined;
}

/** Groups of the author's without a name go by their place. Where there is none, all instances are one group, named as the model. */
function formatInstances({ instanceGroup }: ModelConfig, { model, instanceCount }: ModelSpec): ModelInstanceGroup[] {
  const { KIND_AUTO, KIND_CPU } = ModelInstanceGroup_Kind;
  if (instanceGroup.length === 0) return [{ ...ModelInstanceGroup.decode(NOTHING), name: model, count: instanceCount, kind: KIND_CPU }];
  return instanceGroup.map((group, place) => ({
    ...group,
    name: group.name === '' ? `${model}_${place}` : group.name,
    count: Math.max(1, group.count),
    kind: group.kind === KIND_AUTO ? KIND_CPU : group.kind,
  }));
}

function formatModelFilename({ defaultModelFilename }: ModelConfig, { backend }: ModelSpec): string {
  if (defaultModelFilename !== '') return defaultModelFilename;
  return BACKENDS_OF_FILES.includes(backend) ? DEFAULT_MODEL_FILENAME : '';
}
