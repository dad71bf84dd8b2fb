import type { Datatype } from './datatype.js';
import type { InferRequest, ModelConfig, ModelMetadata } from './messages.js';
import type { Reply } from './reply.js';
import { type Spread, sampleTensor } from './sample.js';
import { contentsOf, type Tensor } from './tensor.js';

/** A model that the suite looks at, whether it can be called or not. */
export interface ListedModel {
  readonly name: string;
  readonly metadata: Reply<ModelMetadata>;
}

export interface TensorSlot {
  readonly name: string;
  readonly datatype: Datatype;
  /** -1 is variable. */
  readonly shape: readonly number[];
}

/** A model of which the suite knows a valid request, and what it has learned from the answers. */
export interface Subject {
  readonly name: string;
  readonly versions: readonly string[];
  readonly inputs: readonly TensorSlot[];
  readonly outputs: readonly TensorSlot[];
  /** What a variable dimension is set to. */
  readonly variable: number;
  /** A variable axis 0 is the number of rows, not one of those. */
  readonly leading: boolean;
  /** As many rows come out along axis 0 as go in, and two may go in. */
  readonly batched: boolean;
  /** What goes in at a place comes out at that place. */
  readonly echo: boolean;
  /** Equal requests get equal answers. */
  readonly repeatable: boolean;
  readonly config: ModelConfig | undefined;
}

/** A model that answers one request with any number of responses. */
export interface DecoupledModel {
  readonly name: string;
  readonly inputs: readonly TensorSlot[];
  readonly variable: number;
}

export interface Plan {
  readonly seed: number;
  readonly rows?: number;
  readonly spread?: Spread;
  /** In place of the subject's own. */
  readonly variable?: number;
}

/** What it takes to make inputs for a model. */
export interface Sized {
  readonly inputs: readonly TensorSlot[];
  readonly variable: number;
  readonly leading?: boolean;
}

/** Valid inputs. */
export function sampleInputs(model: Sized, plan: Plan): Tensor[] {
  return model.inputs.map(({ name, datatype, shape }, at) =>
    sampleTensor(name, datatype, sizedShape(model, shape, plan), plan.seed * 31 + at, plan.spread),
  );
}

export function sizedShape(model: Sized, shape: readonly number[], { rows = 1, variable = model.variable }: Omit<Plan, 'seed'>): number[] {
  return shape.map((size, axis) => (size !== -1 ? size : axis === 0 && model.leading === true ? rows : variable));
}

export function rawRequest(model: string, inputs: readonly Tensor[], rest: Partial<InferRequest> = {}): InferRequest {
  return {
    model_name: model,
    inputs: inputs.map(({ name, datatype, shape }) => ({ name, datatype, shape: shape.map(String) })),
    raw_input_contents: inputs.map(({ raw }) => raw),
    ...rest,
  };
}

export function typedRequest(model: string, inputs: readonly Tensor[], rest: Partial<InferRequest> = {}): InferRequest {
  return {
    model_name: model,
    inputs: inputs.map((input) => ({
      name: input.name,
      datatype: input.datatype,
      shape: input.shape.map(String),
      contents: contentsOf(input),
    })),
    ...rest,
  };
}
