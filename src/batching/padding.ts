import { ServingError } from '../error/serving-error.js';
import type { ModelSpec, PaddingSpec, TensorSpec } from '../model/spec.js';
import { unpad } from '../tensor/pad.js';
import type { GatheredTensor, Tensor } from '../tensor/tensor.js';
import { gatherInput, type InputPadding, inputPadding, type PaddedEntry } from './padded-input.js';

/** How requests of different lengths become one batch, and what comes out theirs again. One per model: all its batches share the fills. */
export class BatchPadding {
  readonly #inputs: readonly InputPadding[];
  readonly #outputs: PaddingSpec['outputs'];

  /** `inputs` are the model's. The mask's axes but the padded one and the batch's are of fixed size. */
  constructor(inputs: readonly TensorSpec[], padding: PaddingSpec) {
    this.#inputs = inputs.map((input) => inputPadding(input, padding));
    this.#outputs = padding.outputs;
  }

  /** The inputs of a batch whose longest member has `length`, in the model's order: views of what the members brought, and of the fills. */
  gather(entries: readonly PaddedEntry[], length: number): GatheredTensor[] {
    const gathered: GatheredTensor[] = [];
    for (const [at, input] of this.#inputs.entries()) {
      const tensor = gatherInput(input, at, entries, length);
      if (tensor !== undefined) gathered.push(tensor);
    }
    return gathered;
  }

  /** Throws `backend_failed` where an output that should have the batch's length has another one. */
  assertLength(outputs: readonly Tensor[], length: number): void {
    for (const { name, shape } of outputs) {
      const padded = this.#outputs.get(name);
      if (padded === undefined) continue;
      const given = shape[padded.axis + 1];
      if (given === length) continue;
      const found = given === undefined ? `no axis ${padded.axis}` : `length ${given} on axis ${padded.axis}`;
      throw new ServingError('backend_failed', `output '${name}' has ${found} where length ${length} went in`);
    }
  }

  /** A member's rows of every output, without what lies behind its own `length`: views where its rows are in one piece, copies where not. */
  unpad(outputs: readonly Tensor[], length: number): Tensor[] {
    return outputs.map((output) => {
      const padded = this.#outputs.get(output.name);
      return padded === undefined ? output : unpad(output, padded.axis + 1, length);
    });
  }
}

/** Undefined where requests of the model are not padded. */
export function createPadding({ inputs, batching: { padding } }: ModelSpec): BatchPadding | undefined {
  return padding && new BatchPadding(inputs, padding);
}
