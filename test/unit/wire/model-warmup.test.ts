import { describe, expect, it } from '@jest/globals';
import type { WarmupSettings } from '../../../src/model/spec.js';
import { parseModelConfigText } from '../../../src/wire/model-config-text.js';
import { parseWarmups } from '../../../src/wire/model-warmup.js';

const parse = (text: string): WarmupSettings[] => parseWarmups(parseModelConfigText(text).modelWarmup);

/** A warm-up of one input x. */
const withInput = (input: string): string => `model_warmup { name: "w" batch_size: 1 inputs { key: "x" value { ${input} } } }`;

describe('parseWarmups', () => {
  it('reads every kind of data', () => {
    const text = `
      model_warmup [
        {
          name: "both" batch_size: 4 count: 3
          inputs { key: "x" value { data_type: TYPE_FP32 dims: [ 2, 3 ] zero_data: true } }
          inputs { key: "y" value { data_type: TYPE_STRING dims: [ 0 ] random_data: true } }
        },
        { name: "file" batch_size: 1 inputs { key: "x" value { data_type: TYPE_INT64 dims: [] input_data_file: "sets/one.bin" } } }
      ]`;
    expect(parse(text)).toEqual([
      {
        name: 'both',
        batchSize: 4,
        count: 3,
        inputs: [
          { name: 'x', datatype: 'FP32', dims: [2, 3], data: { kind: 'zero' } },
          { name: 'y', datatype: 'BYTES', dims: [0], data: { kind: 'random' } },
        ],
      },
      {
        name: 'file',
        batchSize: 1,
        count: 1,
        inputs: [{ name: 'x', datatype: 'INT64', dims: [], data: { kind: 'file', name: 'sets/one.bin' } }],
      },
    ]);
  });

  it('leaves out what Triton does not run, and calls what has no name by its place', () => {
    expect(parse('model_warmup { name: "none" } model_warmup { batch_size: 2 }')).toEqual([
      { name: '1', batchSize: 2, count: 1, inputs: [] },
    ]);
  });

  it('takes a kind of data by being there, whatever it says', () => {
    const [warmup] = parse(withInput('data_type: TYPE_FP32 zero_data: false'));
    expect(warmup?.inputs[0]?.data).toEqual({ kind: 'zero' });
  });

  it.each([
    ['no datatype', 'dims: 1 zero_data: true', "model_warmup 'w' has input 'x' without data_type"],
    ['a variable dimension', 'data_type: TYPE_FP32 dims: [ 4, -1 ] zero_data: true', 'of dims [4,-1], expected each to be 0 or more'],
    ['an immense dimension', 'data_type: TYPE_FP32 dims: 9007199254740992 zero_data: true', 'of dims [9007199254740992]'],
    ['no data', 'data_type: TYPE_FP32 dims: 1', 'without data: expected zero_data, random_data or input_data_file'],
  ])('refuses an input of %s', (_what, input, text) => {
    expect(() => parse(withInput(input))).toThrow(text);
  });

  it.each(['', '/etc/passwd', '../1/model.onnx', 'a/../../b', './a', 'a//b', 'a/', '..', 'C:\\\\a', 'a\\0b'])(
    'refuses the file name "%s", which could lead out of its directory',
    (name) => {
      expect(() => parse(withInput(`data_type: TYPE_FP32 input_data_file: "${name}"`))).toThrow(
        "expected the path of a file in the model's directory warmup",
      );
    },
  );
});
