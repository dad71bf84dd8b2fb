import { describe, expect, it } from '@jest/globals';
import { parseRawInput } from '../../../src/cli/raw-input.js';

describe('parseRawInput', () => {
  it('reads name, file, datatype and shape', () => {
    expect(parseRawInput('image=digit.bin:FP32:1x64')).toEqual({ name: 'image', file: 'digit.bin', datatype: 'FP32', shape: [1, 64] });
    expect(parseRawInput('x=-:int8:2,3')).toEqual({ name: 'x', file: '-', datatype: 'INT8', shape: [2, 3] });
  });

  it('takes a file with colons and equals signs, and a scalar', () => {
    expect(parseRawInput('x=C:/a=b:c.bin:BOOL:')).toEqual({ name: 'x', file: 'C:/a=b:c.bin', datatype: 'BOOL', shape: [] });
  });

  it.each(['', 'x', 'x=a.bin', 'x=a.bin:FP32', 'x=a.bin:FP32:1x', 'x=a.bin:FP32:-1', '=a.bin:FP32:1', 'x=:FP32:1'])(
    'refuses %j with the form',
    (text) => {
      expect(() => parseRawInput(text)).toThrow(
        expect.objectContaining({ name: 'UsageError', message: expect.stringContaining('NAME=FILE:DATATYPE:SHAPE') }),
      );
    },
  );
});
