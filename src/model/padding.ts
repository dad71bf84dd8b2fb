import { quote, quoteList } from '../error/quote.js';
import { invalidRequest } from '../error/serving-error.js';
import type { Datatype } from '../tensor/datatype.js';
import { formatShape } from '../tensor/shape.js';
import type { Tensor } from '../tensor/tensor.js';
import { OWN_PARAMETER } from './own-parameters.js';
import type { ModelSpec, PaddedAxis, PaddedInput, PaddingSpec, TensorSpec } from './spec.js';

/** The numbers that a pad value may be; of 64-bit integers those that a number holds exactly. BYTES elements have no size that padding could have. */
const PAD_VALUES: Readonly<Record<Exclude<Datatype, 'BYTES'>, { readonly least: number; readonly most: number; readonly whole: boolean }>> =
  {
    BOOL: { least: 0, most: 1, whole: true },
    UINT8: { least: 0, most: 2 ** 8 - 1, whole: true },
    UINT16: { least: 0, most: 2 ** 16 - 1, whole: true },
    UINT32: { least: 0, most: 2 ** 32 - 1, whole: true },
    UINT64: { least: 0, most: Number.MAX_SAFE_INTEGER, whole: true },
    INT8: { least: -(2 ** 7), most: 2 ** 7 - 1, whole: true },
    INT16: { least: -(2 ** 15), most: 2 ** 15 - 1, whole: true },
    INT32: { least: -(2 ** 31), most: 2 ** 31 - 1, whole: true },
    INT64: { least: Number.MIN_SAFE_INTEGER, most: Number.MAX_SAFE_INTEGER, whole: true },
    FP16: { least: -65504, most: 65504, whole: false },
    BF16: { least: -(2 - 2 ** -7) * 2 ** 127, most: (2 - 2 ** -7) * 2 ** 127, whole: false },
    FP32: { least: -(2 - 2 ** -23) * 2 ** 127, most: (2 - 2 ** -23) * 2 ** 127, whole: false },
    FP64: { least: -Number.MAX_VALUE, most: Number.MAX_VALUE, whole: false },
  };

/** Tensors of a model as requests see them. */
export interface SpecTensors {
  readonly inputs: readonly TensorSpec[];
  readonly outputs: readonly TensorSpec[];
}

/** Why the model's tensors cannot be padded so, naming the parameter, what is expected and what is there; undefined where they can. */
export function findPaddingProblem(padding: PaddingSpec, { inputs, outputs }: SpecTensors): string | undefined {
  const inputProblem = firstProblem(padding.inputs, inputs, { parameter: OWN_PARAMETER.padInputs, kind: 'input' });
  if (inputProblem !== undefined) return inputProblem;
  const outputProblem = firstProblem(padding.outputs, outputs, { parameter: OWN_PARAMETER.padOutputs, kind: 'output' });
  return outputProblem ?? firstBadValue(padding.inputs, inputs) ?? maskProblem(padding.mask, inputs);
}

/** A mask can be made: requests may leave it out. */
export function withOptionalMask(inputs: readonly TensorSpec[], mask: string | undefined): readonly TensorSpec[] {
  return mask === undefined ? inputs : inputs.map((input) => (input.name === mask ? Object.freeze({ ...input, optional: true }) : input));
}

/** A request's padded inputs all have its one length: throws `invalid_request` that names two that differ. `inputs` fit the model otherwise. */
export function assertOneLength(inputs: readonly Tensor[], padding: PaddingSpec, { model }: ModelSpec): void {
  let first: Tensor | undefined;
  let expected = 0;
  for (const input of inputs) {
    const padded = padding.inputs.get(input.name);
    if (padded === undefined) continue;
    // Axis 0 of the request counts its rows.
    const length = input.shape[padded.axis + 1] ?? 0;
    if (first === undefined) {
      first = input;
      expected = length;
    } else if (length !== expected) {
      throw invalidRequest(
        `padded inputs of one length expected for model ${quote(model)}: ${quote(first.name)} has length ${expected}, ` +
          `${quote(input.name)} has length ${length} at axis ${padded.axis + 1} of shape ${formatShape(input.shape)}`,
      );
    }
  }
}

interface Role {
  readonly parameter: string;
  readonly kind: 'input' | 'output';
}

function firstProblem(padded: ReadonlyMap<string, PaddedAxis>, tensors: readonly TensorSpec[], role: Role): string | undefined {
  for (const [name, axis] of padded) {
    const problem = axisProblem(name, axis, tensors, role);
    if (problem !== undefined) return `parameter '${role.parameter}': ${role.kind} ${quote(name)} ${problem}`;
  }
  return undefined;
}

function axisProblem(name: string, { axis }: PaddedAxis, tensors: readonly TensorSpec[], { kind }: Role): string | undefined {
  const tensor = tensors.find((one) => one.name === name);
  if (tensor === undefined) return `is not in the model, whose ${kind}s are ${quoteList(tensors.map((one) => one.name))}`;
  if (tensor.modelDims !== undefined) return 'has a reshape, with which nothing can be padded';
  if (tensor.datatype === 'BYTES' && kind === 'input') return 'is of datatype BYTES, expected one whose elements are of one size';
  if (axis >= tensor.dims.length) return `has dims ${formatShape(tensor.dims)}, which have no axis ${axis}`;
  return tensor.dims[axis] === -1 ? undefined : `has dims ${formatShape(tensor.dims)}, expected -1 at axis ${axis}`;
}

/** A mask that is made has the length of the others; nothing would tell the size of another axis. */
function maskProblem(mask: string | undefined, inputs: readonly TensorSpec[]): string | undefined {
  const tensor = inputs.find(({ name }) => name === mask);
  if (tensor === undefined || tensor.dims.filter((size) => size === -1).length === 1) return undefined;
  return `parameter '${OWN_PARAMETER.padMask}': input ${quote(tensor.name)} has dims ${formatShape(tensor.dims)}, expected -1 at its padded axis alone`;
}

function firstBadValue(padded: ReadonlyMap<string, PaddedInput>, inputs: readonly TensorSpec[]): string | undefined {
  for (const { name, datatype } of inputs) {
    const value = padded.get(name)?.value;
    if (value === undefined || datatype === 'BYTES') continue;
    const { least, most, whole } = PAD_VALUES[datatype];
    if (value >= least && value <= most && (Number.isInteger(value) || !whole)) continue;
    const expected = `${whole ? 'an integer' : 'a number'} from ${least} to ${most}`;
    return `parameter '${OWN_PARAMETER.padInputs}': input ${quote(name)} of datatype ${datatype} has pad value ${value}, expected ${expected}`;
  }
  return undefined;
}
