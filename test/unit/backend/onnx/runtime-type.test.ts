import { describe, expect, it } from '@jest/globals';
import { datatypeOf, numericView, refusedTypeName } from '../../../../src/backend/onnx/runtime-type.js';
import { DATATYPES, elementBytes } from '../../../../src/tensor/datatype.js';

describe('runtime types', () => {
  it('has a view for every datatype but BYTES and BF16, over the same bytes, with elements of the right size', () => {
    const without = DATATYPES.filter((datatype) => numericView(datatype, new Uint8Array(0)) === undefined);
    expect(without).toEqual(['BYTES', 'BF16']);
    for (const datatype of DATATYPES.filter((each) => !without.includes(each))) {
      const data = new Uint8Array(16);
      const numeric = numericView(datatype, data);
      expect(numeric?.view.buffer).toBe(data.buffer);
      expect(numeric?.view.BYTES_PER_ELEMENT).toBe(elementBytes(datatype));
      expect(datatypeOf(numeric?.type ?? '')).toBe(datatype);
    }
  });

  it('knows text, and what the protocol has no word for', () => {
    expect(datatypeOf('string')).toBe('BYTES');
    expect(datatypeOf('int4')).toBeUndefined();
    expect(datatypeOf('toString')).toBeUndefined();
  });

  it('names the datatypes that the binding refuses', () => {
    expect(refusedTypeName(16)).toBe('BF16');
    expect(refusedTypeName(99)).toBe('number 99');
  });
});
