import { realpath, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { ServingError } from '../../error/serving-error.js';
import type { Clock } from '../../model/clock.js';
import { DEFAULT_PIPELINE_DEPTH } from '../../model/own-parameters.js';
import type { ModelSource } from '../../model/source.js';
import type { ModelSignature } from '../../model/spec.js';
import type { Tensor } from '../../tensor/tensor.js';
import type { Backend, Instance, OpenModel } from '../backend.js';
import { nextInstanceId } from '../instance-id.js';
import { OnnxInstance, startWorker } from './instance.js';
import { loadModel } from './load.js';
import { cleanRuntimeText } from './runtime-text.js';
import { assertText } from './text.js';

export interface OnnxBackendParts {
  readonly clock: Clock;
  /** The code of the worker threads, which speaks protocol.ts. */
  readonly workerUrl: URL;
}

export const ONNX_WORKER_URL = new URL('./worker.js', import.meta.url);

interface LoadedInstance {
  readonly instance: OnnxInstance;
  readonly signature: ModelSignature;
}

/** ONNX models, each instance in a worker thread of its own. */
export class OnnxBackend implements Backend {
  readonly name = 'onnxruntime';
  readonly #parts: OnnxBackendParts;
  /** Workers that are not gone yet. */
  readonly #exits = new Set<Promise<void>>();

  constructor(parts: OnnxBackendParts) {
    this.#parts = parts;
  }

  async open(source: ModelSource, signal: AbortSignal): Promise<OpenModel> {
    if (source.settings.decoupled) throw loadFailed('backend onnxruntime is not decoupled, but model_transaction_policy says so');
    const path = await findModelFile(source);
    const first = await this.#load(source, path, signal);
    return new OpenOnnxModel(first, (later) => this.#load(source, path, later));
  }

  /**
   * Resolves when every worker is gone, those included whose load was given up: the process must not exit before, as it
   * would abort. It closes nothing.
   */
  async workersGone(): Promise<void> {
    while (this.#exits.size > 0) await Promise.all(this.#exits);
  }

  async #load(source: ModelSource, path: string, signal: AbortSignal): Promise<LoadedInstance> {
    const id = nextInstanceId(source);
    const worker = startWorker(this.#parts.workerUrl, id);
    // An error event without a listener would take the process down; whoever waits has listeners of its own.
    worker.on('error', () => undefined);
    const exited: Promise<void> = new Promise((resolve) => {
      worker.once('exit', () => {
        this.#exits.delete(exited);
        resolve();
      });
    });
    this.#exits.add(exited);
    try {
      const signature = await loadModel(worker, path, source.settings.runtime, signal);
      const depth = source.settings.batching.pipelineDepth ?? DEFAULT_PIPELINE_DEPTH;
      return { instance: new OnnxInstance(id, { worker, exited, signature }, depth, this.#parts.clock), signature };
    } catch (error) {
      throw await loadError(error, source);
    }
  }
}

class OpenOnnxModel implements OpenModel {
  readonly signature: ModelSignature;
  readonly slotsPerInstance = 1;
  readonly #loadAnother: (signal: AbortSignal) => Promise<LoadedInstance>;
  readonly #textInputs: ReadonlySet<string>;
  /** The instance whose worker told the signature, until somebody asks for one. */
  #first: OnnxInstance | undefined;

  constructor({ instance, signature }: LoadedInstance, loadAnother: (signal: AbortSignal) => Promise<LoadedInstance>) {
    this.signature = signature;
    this.#first = instance;
    this.#loadAnother = loadAnother;
    this.#textInputs = new Set(signature.inputs.filter(({ datatype }) => datatype === 'BYTES').map(({ name }) => name));
  }

  checkInputs(inputs: readonly Tensor[]): void {
    if (this.#textInputs.size === 0) return;
    for (const input of inputs) if (this.#textInputs.has(input.name)) assertText(input);
  }

  async createInstance(_spec: unknown, signal: AbortSignal): Promise<Instance> {
    const first = this.#first;
    this.#first = undefined;
    if (first !== undefined && first.broken === undefined) return first;
    const { instance } = await this.#loadAnother(signal);
    return instance;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const first = this.#first;
    this.#first = undefined;
    await first?.close();
  }
}

/** As in Triton, a model with external data may be a directory that holds the file under the same name. */
async function findModelFile({ model, version, directory, settings }: ModelSource): Promise<string> {
  const filename = settings.modelFilename;
  const path = join(directory, filename);
  for (const candidate of [path, join(path, filename)]) if (await isFile(candidate)) return candidate;
  throw loadFailed(`version ${version} of model '${model}' has no ${filename}`);
}

async function isFile(path: string): Promise<boolean> {
  try {
    return (await stat(path)).isFile();
  } catch {
    return false;
  }
}

/** An abort stays what it is; what the runtime said is made fit for an operator. */
async function loadError(error: unknown, { directory }: ModelSource): Promise<ServingError> {
  if (error instanceof ServingError) return error;
  const text = error instanceof Error ? error.message : String(error);
  const real = await realpath(directory).catch(() => directory);
  return new ServingError('load_failed', cleanRuntimeText(text, [directory, real]), undefined, error);
}

function loadFailed(message: string): ServingError {
  return new ServingError('load_failed', message);
}
