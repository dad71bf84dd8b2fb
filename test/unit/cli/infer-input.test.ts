import { describe, expect, it } from '@jest/globals';
import { type InferInput, readInferRequest, readInferStreamRequest } from '../../../src/cli/infer-input.js';
import { FakeIo } from '../../support/fake-io.js';

const INPUTS = [{ name: 'x', datatype: 'DATATYPE_FP32', shape: ['1'], floats: [1] }];
const source = (overrides: Partial<InferInput> = {}): InferInput => ({
  model: 'digits',
  input: 'r.json',
  raw: [],
  version: undefined,
  ...overrides,
});
const io = (json: unknown) =>
  new FakeIo({ files: { 'r.json': JSON.stringify(json), 'x.bin': Buffer.from([1, 2, 3, 4]) }, stdin: JSON.stringify(json) });

describe('readInferRequest', () => {
  it('names the model and asks for outputs that can be printed', async () => {
    expect(await readInferRequest(source(), io({ inputs: INPUTS }))).toMatchObject({ model: 'digits', version: '', outputEncoding: 2 });
  });

  it('leaves alone what the file says of outputs, in either spelling', async () => {
    expect(await readInferRequest(source(), io({ outputEncoding: 'OUTPUT_ENCODING_RAW' }))).toMatchObject({ outputEncoding: 1 });
    expect(await readInferRequest(source(), io({ output_encoding: 'OUTPUT_ENCODING_RAW' }))).toMatchObject({ outputEncoding: 1 });
  });

  it('takes a file that names the same model, and no other', async () => {
    expect(await readInferRequest(source(), io({ model: 'digits', version: '1' }))).toMatchObject({ model: 'digits', version: '1' });
    await expect(readInferRequest(source(), io({ model: 'iris' }))).rejects.toThrow(
      "--input: r.json is a request for model 'iris', not 'digits'",
    );
  });

  it('lets --version rule over the file', async () => {
    expect(await readInferRequest(source({ version: 'stable' }), io({ version: '1' }))).toMatchObject({ version: 'stable' });
  });

  it('reads standard input', async () => {
    expect((await readInferRequest(source({ input: '-' }), io({ inputs: INPUTS }))).inputs[0]?.floats).toEqual([1]);
  });

  it('adds raw tensors to those of the file', async () => {
    const { inputs } = await readInferRequest(source({ raw: ['y=x.bin:FP32:1x1'] }), io({ inputs: INPUTS }));
    expect(inputs.map(({ name }) => name)).toEqual(['x', 'y']);
    expect(inputs[1]).toMatchObject({ datatype: 11, shape: [1n, 1n], raw: Buffer.from([1, 2, 3, 4]) });
  });

  it('needs no file beside a raw tensor, but one of both', async () => {
    const { inputs, model } = await readInferRequest(source({ input: undefined, raw: ['y=x.bin:INT8:4'] }), io({}));
    expect([model, inputs.length]).toEqual(['digits', 1]);
    await expect(readInferRequest(source({ input: undefined }), io({}))).rejects.toThrow('no input; give --input FILE or --raw');
  });

  it.each([
    ['a missing file', source({ input: 'none.json' }), {}, '--input: cannot read none.json: ENOENT'],
    ['a missing raw file', source({ raw: ['y=none.bin:INT8:4'] }), {}, '--raw: cannot read none.bin'],
    ['a list', source(), [], '--input: r.json holds no JSON object'],
    ['an unknown field', source(), { modl: 'x' }, '--input: r.json: modl: unknown field'],
    ['a stream field', source(), { rowsPerMessage: 4 }, 'rowsPerMessage: unknown field'],
    ['an unknown datatype', source({ raw: ['y=x.bin:FLOAT:1'] }), {}, '--raw: unknown datatype FLOAT'],
  ])('refuses %s', async (_, from, json, message) => {
    await expect(readInferRequest(from, io(json))).rejects.toMatchObject({ name: 'UsageError', message: expect.stringContaining(message) });
  });

  it('says that a file is not JSON', async () => {
    const broken = new FakeIo({ files: { 'r.json': '{"inputs": [' } });
    await expect(readInferRequest(source(), broken)).rejects.toMatchObject({
      name: 'UsageError',
      message: expect.stringContaining('r.json is not JSON: '),
    });
  });
});

describe('readInferStreamRequest', () => {
  it('reads what a stream has beside; the flag rules over the file', async () => {
    const json = { rows_per_message: 2, onError: 'ON_ERROR_CONTINUE' };
    expect(await readInferStreamRequest(source(), undefined, io(json))).toMatchObject({ rowsPerMessage: 2, onError: 2 });
    expect(await readInferStreamRequest(source(), 4, io(json))).toMatchObject({ rowsPerMessage: 4 });
  });
});
