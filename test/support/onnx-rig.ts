import type { Instance, OpenModel } from '../../src/backend/backend.js';
import { ONNX_WORKER_URL, OnnxBackend } from '../../src/backend/onnx/backend.js';
import { systemClock } from '../../src/model/clock.js';
import type { Execution } from '../../src/model/infer.js';
import type { ModelSettings } from '../../src/model/spec.js';
import { gatherWhole } from '../../src/tensor/rows.js';
import type { Tensor } from '../../src/tensor/tensor.js';
import { ModelDirectory } from './model-directory.js';
import { modelSource, modelSpec } from './model-source.js';
import { never } from './pool-rig.js';

/** One instance of an ONNX model in a real worker thread. */
export class OnnxRig implements AsyncDisposable {
  readonly model: OpenModel;
  readonly instance: Instance;
  readonly #directory: ModelDirectory;

  private constructor(model: OpenModel, instance: Instance, directory: ModelDirectory) {
    this.model = model;
    this.instance = instance;
    this.#directory = directory;
  }

  static async open(bytes: Uint8Array, settings: Partial<ModelSettings> = {}): Promise<OnnxRig> {
    const directory = await ModelDirectory.create({ 'model.onnx': bytes });
    const { signal } = new AbortController();
    const model = await new OnnxBackend({ clock: systemClock, workerUrl: ONNX_WORKER_URL }).open(
      modelSource(settings, directory.path),
      signal,
    );
    return new OnnxRig(model, await model.createInstance(modelSpec(), signal), directory);
  }

  run(inputs: readonly Tensor[], signal: AbortSignal = never()): Promise<Execution> {
    return this.instance.execute(inputs.map(gatherWhole), signal);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.instance.close();
    await this.model[Symbol.asyncDispose]();
    await this.#directory[Symbol.asyncDispose]();
  }
}
