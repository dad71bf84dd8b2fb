import type { PaddingSpec, TensorSpec } from '../model/spec.js';
import { maskInto, padInto } from '../tensor/pad.js';
import { PadFill } from '../tensor/pad-fill.js';
import { gatherRows } from '../tensor/rows.js';
import type { GatheredTensor, Tensor } from '../tensor/tensor.js';
import type { Entry } from './entry.js';

/** A member of a batch, as far as padding knows it. */
export type PaddedEntry = Pick<Entry, 'inputs' | 'rows' | 'length'>;

/** What becomes of one input when requests of different lengths share a batch. `axis` counts the batch's. */
export type InputPadding =
  | { readonly kind: 'as_is'; readonly spec: TensorSpec }
  | { readonly kind: 'padded'; readonly spec: TensorSpec; readonly axis: number; readonly fill: PadFill }
  | {
      readonly kind: 'mask';
      readonly spec: TensorSpec;
      readonly axis: number;
      readonly fill: PadFill;
      readonly ones: PadFill;
      readonly zeros: PadFill;
    };

export function inputPadding(spec: TensorSpec, { inputs, mask }: PaddingSpec): InputPadding {
  const padded = inputs.get(spec.name);
  if (padded === undefined) return { kind: 'as_is', spec };
  const axis = padded.axis + 1;
  const fill = new PadFill(spec.datatype, padded.value);
  if (spec.name !== mask) return { kind: 'padded', spec, axis, fill };
  return { kind: 'mask', spec, axis, fill, ones: new PadFill(spec.datatype, 1), zeros: new PadFill(spec.datatype, 0) };
}

/**
 * One input of a whole batch of such a length, as views of what the members brought and of shared fills; `at` is its place in the model. Undefined
 * where the members left it out, which those of one batch all do or none; a mask is made for those who did.
 */
export function gatherInput(input: InputPadding, at: number, entries: readonly PaddedEntry[], length: number): GatheredTensor | undefined {
  switch (input.kind) {
    case 'as_is': {
      const brought = broughtBy(entries, input.spec.name, at);
      return brought.length === 0 ? undefined : gatherRows(brought);
    }
    case 'padded':
      return gatherPadded(input, broughtBy(entries, input.spec.name, at), length);
    case 'mask':
      return gatherMask(input, at, entries, length);
  }
}

function gatherPadded(
  { spec: { name, datatype }, axis, fill }: Extract<InputPadding, { kind: 'padded' }>,
  tensors: readonly Tensor[],
  length: number,
): GatheredTensor | undefined {
  const [first] = tensors;
  if (first === undefined) return undefined;
  const parts: Uint8Array[] = [];
  let rows = 0;
  let byteLength = 0;
  for (const tensor of tensors) {
    rows += tensor.shape[0] ?? 0;
    byteLength += padInto(parts, tensor, axis, length, fill);
  }
  return { name, datatype, shape: [rows, ...first.shape.slice(1)].with(axis, length), parts, byteLength };
}

function gatherMask(
  { spec: { name, datatype, dims }, axis, fill, ones, zeros }: Extract<InputPadding, { kind: 'mask' }>,
  at: number,
  entries: readonly PaddedEntry[],
  length: number,
): GatheredTensor {
  const parts: Uint8Array[] = [];
  let rows = 0;
  let byteLength = 0;
  for (const entry of entries) {
    const brought = inputNamed(entry.inputs, name, at);
    rows += entry.rows;
    byteLength +=
      brought === undefined
        ? maskInto(parts, [entry.rows, ...dims].with(axis, entry.length), axis, length, ones, zeros)
        : padInto(parts, brought, axis, length, fill);
  }
  return { name, datatype, shape: [rows, ...dims].with(axis, length), parts, byteLength };
}

function broughtBy(entries: readonly PaddedEntry[], name: string, at: number): Tensor[] {
  const brought: Tensor[] = [];
  for (const { inputs } of entries) {
    const tensor = inputNamed(inputs, name, at);
    if (tensor !== undefined) brought.push(tensor);
  }
  return brought;
}

/** Inputs are in the model's order, but forward of their place where others before them were left out. */
function inputNamed(inputs: readonly Tensor[], name: string, at: number): Tensor | undefined {
  const usual = inputs[at];
  return usual?.name === name ? usual : inputs.find((input) => input.name === name);
}
