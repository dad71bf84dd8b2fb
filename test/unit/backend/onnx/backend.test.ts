import { tmpdir } from 'node:os';
import { describe, expect, it } from '@jest/globals';
import { ONNX_WORKER_URL, OnnxBackend } from '../../../../src/backend/onnx/backend.js';
import { systemClock } from '../../../../src/model/clock.js';
import type { ModelSettings } from '../../../../src/model/spec.js';
import { encodeBytes } from '../../../../src/tensor/bytes.js';
import { gatherWhole } from '../../../../src/tensor/rows.js';
import { ModelDirectory } from '../../../support/model-directory.js';
import { modelSource, modelSpec } from '../../../support/model-source.js';
import { buildOnnx, externalDataOnnx, identityOnnx, linearOnnx, slowLoadOnnx } from '../../../support/onnx-builder.js';
import { never } from '../../../support/pool-rig.js';
import { fp32, numbers, slab } from '../../../support/slab.js';

const backend = new OnnxBackend({ clock: systemClock, workerUrl: ONNX_WORKER_URL });

/** Opens the files as a model and gives the reason why it does not load. */
async function loadError(files: Readonly<Record<string, Uint8Array>>, settings: Partial<ModelSettings> = {}): Promise<unknown> {
  await using directory = await ModelDirectory.create(files);
  try {
    await using _model = await backend.open(modelSource(settings, directory.path), never());
    return undefined;
  } catch (error) {
    for (const path of [directory.path, tmpdir()]) expect(String(error)).not.toContain(path);
    return error;
  }
}

describe('OnnxBackend', () => {
  it('makes the worker that read the signature the first instance, and loads more on demand', async () => {
    await using directory = await ModelDirectory.create({ 'model.onnx': linearOnnx([[2]], [1]) });
    await using model = await backend.open(modelSource({}, directory.path), never());
    const first = await model.createInstance(modelSpec(), never());
    const second = await model.createInstance(modelSpec(), never());
    expect(first.id).toMatch(/^m\/1#\d+$/);
    expect(second.id).not.toBe(first.id);
    for (const instance of [first, second]) {
      const { outputs } = await instance.execute([gatherWhole(fp32('X', [1, 1], 3))], never());
      expect(outputs.map(numbers)).toEqual([[7]]);
      await instance.close();
    }
    await backend.workersGone();
  });

  it('ends the first worker where nobody asked for an instance', async () => {
    await using directory = await ModelDirectory.create({ 'model.onnx': identityOnnx('FP32') });
    const model = await backend.open(modelSource({}, directory.path), never());
    await model[Symbol.asyncDispose]();
    await backend.workersGone();
  });

  it('takes another file name, and a directory of that name as Triton does', async () => {
    await using directory = await ModelDirectory.create({ 'net.onnx/net.onnx': identityOnnx('FP32') });
    await using model = await backend.open(modelSource({ modelFilename: 'net.onnx' }, directory.path), never());
    expect(model.signature.inputs).toHaveLength(1);
  });

  it('reads weights from a file beside the model', async () => {
    const weights = new Uint8Array(Float32Array.of(10, 20).buffer);
    await using directory = await ModelDirectory.create({ 'model.onnx': externalDataOnnx('weights.bin'), 'weights.bin': weights });
    await using model = await backend.open(modelSource({}, directory.path), never());
    const instance = await model.createInstance(modelSpec(), never());
    const { outputs } = await instance.execute([gatherWhole(fp32('X', [2], 1, 2))], never());
    expect(outputs.map(numbers)).toEqual([[11, 22]]);
    await instance.close();
  });

  it('checks texts before they join a batch', async () => {
    await using directory = await ModelDirectory.create({ 'model.onnx': identityOnnx('BYTES') });
    await using model = await backend.open(modelSource({}, directory.path), never());
    const tensor = (element: Uint8Array) => slab('X', 'BYTES', [1, 1], encodeBytes([element]));
    expect(() => model.checkInputs?.([tensor(Uint8Array.of(0x61))])).not.toThrow();
    expect(() => model.checkInputs?.([tensor(Uint8Array.of(0xff))])).toThrow("element 0 of input 'X' is not valid UTF-8");
  });

  it('has nothing to check where no input is text', async () => {
    await using directory = await ModelDirectory.create({ 'model.onnx': identityOnnx('FP32') });
    await using model = await backend.open(modelSource({}, directory.path), never());
    expect(() => model.checkInputs?.([fp32('X', [1, 1], 1)])).not.toThrow();
  });

  it('gives up a load when its time is over, and the worker leaves by itself', async () => {
    await using directory = await ModelDirectory.create({ 'model.onnx': slowLoadOnnx(512, 24) });
    const abort = new AbortController();
    const opening = backend.open(modelSource({}, directory.path), abort.signal);
    setImmediate(() => abort.abort());
    await expect(opening).rejects.toMatchObject({ code: 'cancelled' });
    await backend.workersGone();
  });

  it('fails where there is no model file', async () => {
    expect(await loadError({})).toMatchObject({ code: 'load_failed', message: "version 1 of model 'm' has no model.onnx" });
  });

  it('fails where the config calls the model decoupled', async () => {
    expect(await loadError({ 'model.onnx': identityOnnx('FP32') }, { decoupled: true })).toMatchObject({
      code: 'load_failed',
      message: expect.stringContaining('not decoupled'),
    });
  });

  it.each<[string, Uint8Array, string]>([
    ['a file that is no model', Uint8Array.of(1, 2, 3), 'Protobuf parsing failed'],
    ['weights that are not there', externalDataOnnx('weights.bin'), 'weights.bin'],
    ['weights outside of the directory', externalDataOnnx('../weights.bin'), 'weights.bin'],
    ['a datatype without a JavaScript tensor', identityOnnx('BF16'), 'datatype BF16'],
    [
      'an output that is no tensor',
      buildOnnx({
        inputs: [{ name: 'X', type: 'FP32', shape: [1] }],
        outputs: [{ name: 'Y', type: 'FP32', shape: [1], sequence: true }],
        nodes: [{ op: 'SequenceConstruct', inputs: ['X'], outputs: ['Y'] }],
      }),
      "output 'Y' is a sequence",
    ],
    [
      'an operator that does not exist',
      buildOnnx({
        inputs: [{ name: 'X', type: 'FP32', shape: [1] }],
        outputs: [{ name: 'Y', type: 'FP32', shape: [1] }],
        nodes: [{ op: 'Nonsense', inputs: ['X'], outputs: ['Y'] }],
      }),
      'Nonsense',
    ],
  ])('says what is wrong with %s', async (_case, bytes, message) => {
    expect(await loadError({ 'model.onnx': bytes })).toMatchObject({ code: 'load_failed', message: expect.stringContaining(message) });
    await backend.workersGone();
  });
});
