import { quote } from '../error/quote.js';
import { ServingError } from '../error/serving-error.js';
import type {
  ModelRepositoryParameter,
  RepositoryIndexRequest,
  RepositoryIndexResponse,
  RepositoryModelLoadRequest,
  RepositoryModelUnloadRequest,
} from '../gen/inference/repository.js';

/** One version of a model, or a model of which no version is known. */
export interface ModelVersionState {
  readonly model: string;
  /** Empty where no version is known. */
  readonly version: string;
  readonly state: 'ready' | 'loading' | 'unloading' | 'unavailable';
  readonly reason: string;
}

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

/** The model's name. Throws `unsupported` for a named repository, and for what would replace the model's configuration or files. */
export function parseModelLoad({ repositoryName, modelName, parameters }: RepositoryModelLoadRequest): string {
  assertNoRepositoryName(repositoryName);
  for (const key of Object.keys(parameters)) {
    if (key !== 'config' && !key.startsWith('file:')) throw unknownParameter(key, "'config' or 'file:<path>'");
    throw new ServingError('unsupported', `parameter ${quote(key)} is not supported: a model is loaded as its directory has it`);
  }
  return modelName;
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

function assertNoRepositoryName(name: string): void {
  if (name !== '') throw new ServingError('unsupported', "'repository_name' specification is not supported");
}

function assertUnloadDependents(key: string, parameter: ModelRepositoryParameter): void {
  if (key === 'unload_dependents' && parameter.parameterChoice?.$case === 'boolParam') return;
  throw unknownParameter(key, "'unload_dependents', a bool");
}

function unknownParameter(key: string, expected: string): ServingError {
  return new ServingError('invalid_request', `parameter ${quote(key)} is not known here, expected ${expected}`);
}
