import { quote } from '../error/quote.js';
import { invalidRequest, ServingError } from '../error/serving-error.js';
import type {
  ModelRepositoryParameter,
  RepositoryIndexRequest,
  RepositoryIndexResponse,
  RepositoryModelLoadRequest,
  RepositoryModelUnloadRequest,
} from '../gen/inference/repository.js';
import type { LoadOverrides } from '../model/load-overrides.js';

/** One version of a model, or a model of which no version is known. */
export interface ModelVersionState {
  readonly model: string;
  /** Empty where no version is known. */
  readonly version: string;
  readonly state: 'ready' | 'loading' | 'unloading' | 'unavailable';
  readonly reason: string;
}

/** What a caller wants loaded. */
export interface ModelLoad {
  readonly model: string;
  readonly overrides: LoadOverrides | undefined;
}

const CONFIG = 'config';
const FILE_PREFIX = 'file:';

const INDEX_STATES = {
  ready: 'READY',
  loading: 'LOADING',
  unloading: 'UNLOADING',
  unavailable: 'UNAVAILABLE',
} as const satisfies Record<ModelVersionState['state'], string>;

/** Throws `unsupported`, as Triton does, where the message names a repository: repositories have no names. */
export function parseRepositoryIndex({ repositoryName, ready }: RepositoryIndexRequest): { readonly readyOnly: boolean } {
  assertNoRepositoryName(repositoryName);
  return { readyOnly: ready };
}

/**
 * The model's name, and what to load it from where that is not its repository. Throws `unsupported` for a named repository, `invalid_request` for
 * files without a config and for any other parameter. The files are views of the message.
 */
export function parseModelLoad({ repositoryName, modelName, parameters }: RepositoryModelLoadRequest): ModelLoad {
  assertNoRepositoryName(repositoryName);
  let config: string | undefined;
  const files = new Map<string, Uint8Array>();
  for (const [key, parameter] of Object.entries(parameters)) {
    if (key === CONFIG) config = parseConfig(parameter);
    else if (key.startsWith(FILE_PREFIX)) files.set(key.slice(FILE_PREFIX.length), parseFile(key, parameter));
    else throw unknownParameter(key, "'config' or 'file:<version>/<path>'");
  }
  if (config !== undefined) return { model: modelName, overrides: { config, files } };
  if (files.size > 0) throw configMissing(modelName);
  return { model: modelName, overrides: undefined };
}

/**
 * The model's name. No model depends on another here, so `unload_dependents` changes nothing. Throws `unsupported` for a named repository,
 * `invalid_request` for any other parameter.
 */
export function parseModelUnload({ repositoryName, modelName, parameters }: RepositoryModelUnloadRequest): string {
  assertNoRepositoryName(repositoryName);
  for (const [key, parameter] of Object.entries(parameters)) assertUnloadDependents(key, parameter);
  return modelName;
}

export function formatRepositoryIndex(entries: readonly ModelVersionState[]): RepositoryIndexResponse {
  return { models: entries.map(({ model, version, state, reason }) => ({ name: model, version, state: INDEX_STATES[state], reason })) };
}

/** The error of a load as the OIP facade answers it: to Triton, a model that no repository has is a failure of its own, INTERNAL. */
export function loadErrorOf(error: ServingError, model: string): ServingError {
  if (error.code !== 'model_not_found') return error;
  return new ServingError('backend_failed', `failed to load ${quote(model)}, failed to poll from model repository`, undefined, error);
}

function parseConfig({ parameterChoice }: ModelRepositoryParameter): string {
  if (parameterChoice?.$case === 'stringParam') return parameterChoice.value;
  throw wrongType(CONFIG, 'string_param');
}

function parseFile(key: string, { parameterChoice }: ModelRepositoryParameter): Uint8Array {
  if (parameterChoice?.$case === 'bytesParam') return parameterChoice.value;
  throw wrongType(key, 'bytes_param');
}

function wrongType(key: string, expected: string): ServingError {
  return invalidRequest(`invalid value type for load parameter ${quote(key)}, expected ${expected}`);
}

/** Both of the phrases by which Triton says it. */
function configMissing(model: string): ServingError {
  const reason = "load parameter 'config' must be specified for model file override";
  return invalidRequest(`failed to load ${quote(model)}, failed to poll from model repository: ${reason}`);
}

function assertNoRepositoryName(name: string): void {
  if (name !== '') throw new ServingError('unsupported', "'repository_name' specification is not supported");
}

function assertUnloadDependents(key: string, parameter: ModelRepositoryParameter): void {
  if (key === 'unload_dependents' && parameter.parameterChoice?.$case === 'boolParam') return;
  throw unknownParameter(key, "'unload_dependents', a bool");
}

function unknownParameter(key: string, expected: string): ServingError {
  return invalidRequest(`parameter ${quote(key)} is not known here, expected ${expected}`);
}
