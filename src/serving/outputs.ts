import type { Tensor } from '../tensor/tensor.js';

/** The outputs asked for, in the order asked; all of them where none was named. Validation has seen that each exists. */
export function selectOutputs(outputs: readonly Tensor[], names: readonly string[]): readonly Tensor[] {
  if (names.length === 0) return outputs;
  return names.flatMap((name) => outputs.filter((output) => output.name === name));
}
