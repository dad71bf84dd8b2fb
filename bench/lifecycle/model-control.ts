import { DynamicClient } from '../../test/support/dynamic-client.js';

const SERVICE = 'inference.GRPCInferenceService';
/** A load that takes longer has failed. */
const TIMEOUT_MS = 60_000;

/** Loads and unloads models of a server in explicit mode, as Triton's clients do. */
export class ModelControl implements AsyncDisposable {
  readonly #client: DynamicClient;

  constructor(address: string) {
    this.#client = new DynamicClient(address);
  }

  /** Resolves when the model is ready; rejects with the ServiceError of a refusal. */
  async load(model: string): Promise<void> {
    await this.#client.unary(`${SERVICE}/RepositoryModelLoad`, { model_name: model }, { timeoutMs: TIMEOUT_MS });
  }

  /** Resolves when the server lends no more of it; what it holds goes in its own time. */
  async unload(model: string): Promise<void> {
    await this.#client.unary(`${SERVICE}/RepositoryModelUnload`, { model_name: model }, { timeoutMs: TIMEOUT_MS });
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#client[Symbol.asyncDispose]();
  }
}
