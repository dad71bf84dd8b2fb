import { quote } from '../error/quote.js';
import { ServingError } from '../error/serving-error.js';
import type { ModelSource } from '../model/source.js';
import type { OpenModel } from './backend.js';

/**
 * Throws `load_failed` where config.pbtxt calls an input optional that the backend cannot do without: requests that leave it out would all
 * fail. ONNX Runtime's JavaScript binding neither runs without an input that the file requires nor sees those that it gives a value. A mask that is
 * left out is made before the backend sees the request.
 */
export function assertOptionalInputs({ model, settings }: ModelSource, { takesOptionalInputs }: OpenModel): void {
  const input =
    takesOptionalInputs === true
      ? undefined
      : settings.inputs.find(({ name, optional }) => optional === true && name !== settings.batching.padding?.mask);
  if (input === undefined) return;
  const text = `input ${quote(input.name)} is optional, but backend ${quote(settings.backend)} runs a model with all of its inputs only`;
  throw new ServingError('load_failed', `model ${quote(model)}: ${text}`);
}
