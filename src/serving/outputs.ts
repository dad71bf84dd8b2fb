import type { InferRequest } from '../model/infer.js';
import type { ModelSpec } from '../model/spec.js';
import type { Tensor } from '../tensor/tensor.js';
import { classify } from './classify.js';

/**
 * The outputs asked for, in the order asked and as they were asked for; all of them where none was named. Validation has seen that each exists.
 * Throws `invalid_request` for an output too large to be classified.
 */
export function selectOutputs(outputs: readonly Tensor[], { outputNames, classCounts }: InferRequest, spec: ModelSpec): readonly Tensor[] {
  if (outputNames.length === 0) return outputs;
  if (classCounts === undefined && areNamed(outputs, outputNames)) return outputs;
  const selected = outputNames.flatMap((name) => outputs.filter((output) => output.name === name));
  if (classCounts === undefined) return selected;
  return selected.map((output) => {
    const count = classCounts.get(output.name);
    if (count === undefined) return output;
    const labels = spec.outputs.find(({ name }) => name === output.name)?.labels;
    return classify(output, count, { isBatched: spec.maxBatchSize > 0, labels });
  });
}

/** Whether all outputs were asked for, in the order that they have: many clients always say so. */
function areNamed(outputs: readonly Tensor[], names: readonly string[]): boolean {
  if (outputs.length !== names.length) return false;
  for (let at = 0; at < names.length; at++) if (outputs[at]?.name !== names[at]) return false;
  return true;
}
