import { describe, expect, it } from '@jest/globals';
import { parseModelConfigText } from '../../../src/wire/model-config-text.js';
import { parseInputSettings, parseOutputSettings } from '../../../src/wire/tensor-settings.js';

const input = (text: string) => parseModelConfigText(`input { ${text} }`).input.map(parseInputSettings)[0];
const output = (text: string) => parseModelConfigText(`output { ${text} }`).output.map(parseOutputSettings)[0];

describe('parseInputSettings', () => {
  it('reads what is there and leaves the rest to the model file', () => {
    expect(input('name: "x"')).toEqual({ name: 'x' });
    expect(input('name: "x" data_type: TYPE_FP32 dims: [ -1, 4 ] reshape { shape: [ -1, 2, 2 ] } optional: true')).toEqual({
      name: 'x',
      datatype: 'FP32',
      dims: [-1, 4],
      reshape: [-1, 2, 2],
      optional: true,
    });
  });

  it('tells an empty reshape from none', () => {
    expect(input('name: "x" dims: 1 reshape { shape: [ ] }')).toMatchObject({ dims: [1], reshape: [] });
    expect(input('name: "x" dims: 1 reshape { }')).toMatchObject({ reshape: [] });
  });

  it.each(['FORMAT_NHWC', 'FORMAT_NCHW'])('takes three dims for an image of %s, and those of the model file', (format) => {
    expect(input(`name: "x" format: ${format} dims: [ 3, 4, 4 ]`)).toMatchObject({ dims: [3, 4, 4] });
    expect(input(`name: "x" format: ${format}`)).toMatchObject({ dims: undefined });
    expect(() => input(`name: "x" format: ${format} dims: [ 3, 4 ]`)).toThrow("input 'x' has dims [3,4], expected 3 of them");
  });

  it.each([
    ['dims: 1', 'an input has no name'],
    ['name: "x" dims: [ 4, 0 ]', "input 'x' has dims [4,0], expected each to be positive or -1"],
    ['name: "x" dims: 4 reshape { shape: [ -2, 2 ] }', "input 'x' has the reshape [-2,2], expected each to be positive or -1"],
    ['name: "x" dims: 4 reshape { shape: 9007199254740992 }', 'the reshape [9007199254740992]'],
  ])('refuses %s', (text, message) => {
    expect(() => input(text)).toThrow(message);
  });
});

describe('parseOutputSettings', () => {
  it('reads dims, reshape and label file', () => {
    const settings = { name: 'y', datatype: 'BYTES', dims: [1], reshape: [], labelFilename: 'labels.txt' };
    expect(output('name: "y" data_type: TYPE_STRING dims: 1 reshape { } label_filename: "labels.txt"')).toEqual(settings);
  });

  it('refuses what cannot be', () => {
    expect(() => output('data_type: TYPE_STRING')).toThrow('an output has no name');
    expect(() => output('name: "y" dims: -3')).toThrow("output 'y' has dims [-3]");
  });
});
