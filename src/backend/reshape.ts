import { ServingError } from '../error/serving-error.js';
import type { Execution } from '../model/infer.js';
import type { ModelSpec, TensorSpec } from '../model/spec.js';
import { reshape } from '../tensor/reshape.js';
import { formatShape, type Shape, type ShapePattern } from '../tensor/shape.js';
import type { Instance, InstanceSource } from './backend.js';

/**
 * The model as its requests see it: its instances take and give tensors of `dims`, whatever shapes the model itself wants. What has no other
 * shape is given back as it is, so that nobody else pays. Data is never touched.
 */
export function withReshape(model: InstanceSource, spec: ModelSpec): InstanceSource {
  const inputs = reshapings(spec.inputs, ({ dims, modelDims = dims }) => ({ from: dims, to: modelDims }));
  const outputs = reshapings(spec.outputs, ({ dims, modelDims = dims }) => ({ from: modelDims, to: dims }));
  if (inputs.size + outputs.size === 0) return model;
  const batchAxes = spec.maxBatchSize > 0 ? 1 : 0;
  return {
    slotsPerInstance: model.slotsPerInstance,
    createInstance: async (of, signal) => new ReshapingInstance(await model.createInstance(of, signal), inputs, outputs, batchAxes),
  };
}

interface Reshaping {
  readonly from: ShapePattern;
  readonly to: ShapePattern;
}

type Reshapings = ReadonlyMap<string, Reshaping>;

function reshapings(tensors: readonly TensorSpec[], of: (tensor: TensorSpec) => Reshaping): Reshapings {
  return new Map(tensors.filter(({ modelDims }) => modelDims !== undefined).map((tensor) => [tensor.name, of(tensor)]));
}

class ReshapingInstance implements Instance {
  readonly #instance: Instance;
  readonly #inputs: Reshapings;
  readonly #outputs: Reshapings;
  readonly #batchAxes: number;

  constructor(instance: Instance, inputs: Reshapings, outputs: Reshapings, batchAxes: number) {
    this.#instance = instance;
    this.#inputs = inputs;
    this.#outputs = outputs;
    this.#batchAxes = batchAxes;
  }

  get id(): string {
    return this.#instance.id;
  }

  get broken(): Error | undefined {
    return this.#instance.broken;
  }

  get depth(): number {
    return this.#instance.depth;
  }

  /** Not async: the instance reads the parts before it returns. */
  execute(...[inputs, signal]: Parameters<Instance['execute']>): Promise<Execution> {
    return this.#instance.execute(this.#reshaped(inputs, this.#inputs), signal).then((execution) => this.#restored(execution));
  }

  async *stream(...[inputs, signal]: Parameters<Instance['stream']>): AsyncGenerator<Execution> {
    for await (const execution of this.#instance.stream(this.#reshaped(inputs, this.#inputs), signal)) yield this.#restored(execution);
  }

  close(): Promise<void> {
    return this.#instance.close();
  }

  #restored(execution: Execution): Execution {
    return { ...execution, outputs: this.#reshaped(execution.outputs, this.#outputs) };
  }

  /** Inputs are validated: what does not follow its pattern is an output whose model declares another shape than it gives. */
  #reshaped<T extends { readonly name: string; readonly shape: Shape }>(tensors: readonly T[], all: Reshapings): T[] {
    return tensors.map((tensor) => {
      const reshaping = all.get(tensor.name);
      if (reshaping === undefined) return tensor;
      const shape = reshape(tensor.shape, reshaping.from, reshaping.to, this.#batchAxes);
      if (shape !== undefined) return { ...tensor, shape };
      const expected = formatShape(this.#batchAxes > 0 ? [-1, ...reshaping.from] : reshaping.from);
      throw new ServingError('backend_failed', `output '${tensor.name}' has shape ${formatShape(tensor.shape)}, expected ${expected}`);
    });
  }
}
