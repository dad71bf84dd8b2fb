import { describe, expect, it } from '@jest/globals';
import { DATATYPES, elementBytes, isDatatype } from '../../../src/tensor/datatype.js';

describe('elementBytes', () => {
  it('follows the width in the name', () => {
    for (const datatype of DATATYPES) {
      const bits = /\d+$/.exec(datatype)?.[0];
      if (bits !== undefined) expect([datatype, elementBytes(datatype)]).toEqual([datatype, Number(bits) / 8]);
    }
  });

  it('counts one byte for BOOL and none for BYTES', () => {
    expect(elementBytes('BOOL')).toBe(1);
    expect(elementBytes('BYTES')).toBe(0);
  });
});

describe('isDatatype', () => {
  it('knows every datatype of the protocol', () => {
    expect(DATATYPES).toHaveLength(14);
    expect(DATATYPES.every(isDatatype)).toBe(true);
  });

  it.each(['', 'fp32', 'FP8', 'STRING', 'TYPE_FP32', 'toString', '__proto__'])('refuses %p', (text) => {
    expect(isDatatype(text)).toBe(false);
  });
});
