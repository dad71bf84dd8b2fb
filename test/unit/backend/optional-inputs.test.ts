import { describe, expect, it } from '@jest/globals';
import { assertOptionalInputs } from '../../../src/backend/optional-inputs.js';
import { FakeOpenModel } from '../../support/fake-open-model.js';
import { modelSource } from '../../support/model-source.js';
import { servingErrorOf } from '../../support/wire-messages.js';

const input = { name: 'mask', datatype: undefined, dims: undefined };
const SOME_OPTIONAL = modelSource({ backend: 'onnxruntime', inputs: [input, { ...input, name: 'bias', optional: true }] });

describe('assertOptionalInputs', () => {
  it('refuses an optional input of a model that runs with all of them only', () => {
    const error = servingErrorOf(() => assertOptionalInputs(SOME_OPTIONAL, new FakeOpenModel()));
    expect(error).toMatchObject({
      code: 'load_failed',
      message: "model 'm': input 'bias' is optional, but backend 'onnxruntime' runs a model with all of its inputs only",
    });
  });

  it('takes the mask of a padded model, which is made where a request leaves it out', () => {
    const inputs = [{ ...input, optional: true }];
    const padding = { inputs: new Map([['mask', { axis: 0, value: 0 }]]), outputs: new Map(), mask: 'mask' };
    const batching = { preferredBatchSizes: [], maxQueueDelayMs: 0, maxQueueSize: 0, padding };
    expect(() => assertOptionalInputs(modelSource({ inputs, batching }), new FakeOpenModel())).not.toThrow();
    expect(() => assertOptionalInputs(modelSource({ inputs }), new FakeOpenModel())).toThrow("input 'mask' is optional");
  });

  it('takes one of a model that can do without, and a model whose inputs are all required', () => {
    const model = Object.assign(new FakeOpenModel(), { takesOptionalInputs: true });
    expect(() => assertOptionalInputs(SOME_OPTIONAL, model)).not.toThrow();
    expect(() => assertOptionalInputs(modelSource({ inputs: [input] }), new FakeOpenModel())).not.toThrow();
  });
});
