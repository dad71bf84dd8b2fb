import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { invalidRequest } from '../../../src/error/serving-error.js';
import type { ModelSpec, WarmupInput, WarmupSettings } from '../../../src/model/spec.js';
import { prepareWarmUps, type WarmUp } from '../../../src/serving/warm-up.js';
import type { Tensor } from '../../../src/tensor/tensor.js';
import { ModelDirectory } from '../../support/model-directory.js';
import { modelSource } from '../../support/model-source.js';
import { modelSpec } from '../../support/model-spec.js';
import { never } from '../../support/pool-rig.js';
import { numbers } from '../../support/slab.js';

const LENGTHS = Uint8Array.of(1, 0, 0, 0, 0x61, 0, 0, 0, 0);
const FILES = {
  '1/model.onnx': new Uint8Array(),
  'warmup/four.bin': new Uint8Array(Float32Array.of(1, 2, 3, 4).buffer),
  'warmup/five.bin': new Uint8Array(Float32Array.of(1, 2, 3, 4, 5).buffer),
  'warmup/words.bin': LENGTHS,
};

/** Takes x, FP32 [4], in batches of up to 32. */
const SPEC = modelSpec();
const X: WarmupInput = { name: 'x', datatype: 'FP32', dims: [4], data: { kind: 'zero' } };
const W: WarmupSettings = { name: 'w', batchSize: 1, count: 1, inputs: [X] };

let files: ModelDirectory;

beforeAll(async () => {
  files = await ModelDirectory.create(FILES);
});

afterAll(async () => files[Symbol.asyncDispose]());

interface Given {
  readonly spec?: ModelSpec;
  readonly checkInputs?: (inputs: readonly Tensor[]) => void;
  readonly signal?: AbortSignal;
}

function prepare(warmups: readonly WarmupSettings[], given: Given = {}): Promise<readonly WarmUp[]> {
  const { spec = SPEC, signal = never(), checkInputs } = given;
  const source = modelSource({ warmups }, join(files.path, '1'));
  const model = checkInputs === undefined ? {} : { checkInputs };
  return prepareWarmUps({ source, spec, model, random: () => 0.5 }, signal);
}

const withInput = (input: Partial<WarmupInput>): WarmupSettings => ({ ...W, inputs: [{ ...X, ...input }] });
const file = (name: string): Partial<WarmupInput> => ({ data: { kind: 'file', name } });

describe('prepareWarmUps', () => {
  it('makes one row of each input, whatever the batch size', async () => {
    const [zero, random, fromFile] = await prepare([
      { ...W, batchSize: 32, count: 7 },
      { ...withInput({ data: { kind: 'random' } }), name: 'r', batchSize: 2 },
      withInput(file('four.bin')),
    ]);
    expect(zero).toMatchObject({ name: 'w', rows: 32, count: 7, inputs: [{ name: 'x', datatype: 'FP32', shape: [1, 4] }] });
    expect(zero?.inputs.map(numbers)).toEqual([[0, 0, 0, 0]]);
    expect(random).toMatchObject({ name: 'r', rows: 2, count: 1 });
    expect(random?.inputs.map(numbers)).toEqual([[0.5, 0.5, 0.5, 0.5]]);
    expect(fromFile?.inputs.map(numbers)).toEqual([[1, 2, 3, 4]]);
  });

  it('takes of a file what it needs, and of BYTES all', async () => {
    const [fixed] = await prepare([withInput(file('five.bin'))]);
    expect(fixed?.inputs.map(numbers)).toEqual([[1, 2, 3, 4]]);
    const spec = modelSpec({ inputs: [{ name: 'x', datatype: 'BYTES', dims: [-1] }] });
    const [words] = await prepare([withInput({ datatype: 'BYTES', dims: [2], ...file('words.bin') })], { spec });
    expect(words?.inputs.map(({ data }) => Array.from(data))).toEqual([Array.from(LENGTHS)]);
  });

  it('gives no batch axis to a model without one, and brings inputs into its order', async () => {
    const names = ['b', 'a'];
    const spec = modelSpec({ maxBatchSize: 0, inputs: names.map((name) => ({ name, datatype: 'INT32', dims: [-1] })) });
    const inputs = ['a', 'b'].map((name) => ({ ...X, name, datatype: 'INT32', dims: [2] }) as const);
    const [warmUp] = await prepare([{ ...W, inputs }], { spec });
    expect(warmUp).toMatchObject({ rows: 1, inputs: names.map((name) => ({ name, shape: [2] })) });
  });

  it('is nothing where nothing is asked for', async () => {
    expect(await prepare([])).toEqual([]);
  });

  it.each<[string, Partial<WarmupSettings>, string]>([
    ['too many rows', { batchSize: 33 }, 'has batch_size 33, expected at most 32'],
    ['no input', { inputs: [] }, "but missing required input(s) ['x']"],
    ['a wrong name', withInput({ name: 'z' }), "unexpected inference input 'z'"],
    ['a wrong datatype', withInput({ datatype: 'INT32' }), "inference input 'x' data-type is 'INT32', but model 'm' expects 'FP32'"],
    ['a wrong shape', withInput({ dims: [5] }), "unexpected shape for input 'x' for model 'm'. Expected [-1,4], got [1,5]"],
    ['too much data', withInput({ dims: [2 ** 28 + 1] }), 'has runs of 1073741828 bytes, expected at most 1073741824'],
    ['too much data in all rows', { ...withInput({ dims: [2 ** 24] }), batchSize: 17 }, 'has runs of 1140850688 bytes, expected at most'],
    ['too many elements', withInput({ dims: [2 ** 40, 2 ** 40] }), 'bytes, expected at most 1073741824'],
    ['no file', withInput(file('none.bin')), "has input 'x' of file 'none.bin', which does not exist"],
    ['a file outside', withInput(file('../1/model.onnx')), "file '../1/model.onnx', which leads out of its directory"],
    ['a short file', withInput(file('words.bin')), "input byte size mismatch for input 'x' for model 'm'. Expected 16, got 9"],
  ])('fails the load for %s, naming the warm-up', async (_what, settings, text) => {
    const failure = prepare([W, { ...W, ...settings, name: 'bad' }]);
    await expect(failure).rejects.toMatchObject({ code: 'load_failed', message: expect.stringContaining("model 'm': warm-up 'bad'") });
    await expect(failure).rejects.toMatchObject({ message: expect.stringContaining(text) });
    await expect(failure).rejects.not.toMatchObject({ message: expect.stringContaining(files.path) });
  });

  it('fails the load for rows of a model without a batch axis', async () => {
    const spec = modelSpec({ maxBatchSize: 0 });
    await expect(prepare([{ ...W, batchSize: 2 }], { spec })).rejects.toMatchObject({
      message: "model 'm': warm-up 'w' has batch_size 2, expected 1, as the model has no batch axis",
    });
  });

  const WIDE = modelSpec({ maxBatchSize: 0, inputs: ['x', 'y'].map((name) => ({ name, datatype: 'UINT8', dims: [-1] })) });
  const wide = (size: number): WarmupSettings => ({
    ...W,
    inputs: ['x', 'y'].map((name) => ({ ...X, name, datatype: 'UINT8', dims: [size] })),
  });

  it('bounds what one run brings and what all of them hold', async () => {
    await expect(prepare([wide(2 ** 29 + 1)], { spec: WIDE })).rejects.toMatchObject({
      message: "model 'm': warm-up 'w' has runs of 1073741826 bytes, expected at most 1073741824",
    });
    await expect(prepare([wide(2 ** 28), wide(2 ** 28), wide(1)], { spec: WIDE })).rejects.toMatchObject({
      message: "model 'm': warm-up 'w' brings the model's warm-ups to 1073741826 bytes, expected at most 1073741824",
    });
  });

  it('asks the backend, which alone knows what text may be', async () => {
    const asked: (readonly Tensor[])[] = [];
    const checkInputs = (inputs: readonly Tensor[]) => {
      asked.push(inputs);
      throw invalidRequest('element 0 is no text');
    };
    await expect(prepare([W], { checkInputs })).rejects.toMatchObject({
      code: 'load_failed',
      message: "model 'm': warm-up 'w': element 0 is no text",
    });
    expect(asked.map((inputs) => inputs.map(({ name }) => name))).toEqual([['x']]);
  });

  it('stays silent about what went wrong within the server', async () => {
    const bug = new TypeError('x is undefined');
    const checkInputs = () => {
      throw bug;
    };
    await expect(prepare([W], { checkInputs })).rejects.toMatchObject({ code: 'internal', cause: bug });
  });

  it('gives up a file that nobody wants any more', async () => {
    const reason = invalidRequest('enough');
    await expect(prepare([withInput(file('four.bin'))], { signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
  });
});
