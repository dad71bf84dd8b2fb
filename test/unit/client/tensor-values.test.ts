import { describe, expect, it } from '@jest/globals';
import { viewTensor } from '../../../src/client/tensor-values.js';
import { Tensor } from '../../../src/gen/millrace/v1/tensor.js';

describe('viewTensor', () => {
  it.each([
    ['bools', 'DATATYPE_BOOL', [true, false], [true, false]],
    ['ints', 'DATATYPE_INT8', ['-1'], [-1n]],
    ['uints', 'DATATYPE_UINT64', ['18446744073709551615'], [2n ** 64n - 1n]],
    ['floats', 'DATATYPE_BF16', [0.5], [0.5]],
    ['doubles', 'DATATYPE_FP64', [0.1], [0.1]],
    ['strings', 'DATATYPE_BYTES', ['a'], ['a']],
    ['bytesList', 'DATATYPE_BYTES', ['AA=='], [Uint8Array.of(0)]],
  ])('reads %s', (field, datatype, given, values) => {
    const tensor = Tensor.fromJSON({ name: 'x', datatype, shape: ['2', '3'], [field]: given });
    expect(viewTensor(tensor)).toEqual({ name: 'x', datatype: datatype.slice(9), shape: [2, 3], content: { kind: 'values', values } });
  });

  it('leaves raw bytes as they are, and an empty tensor without values', () => {
    expect(viewTensor(Tensor.fromJSON({ raw: 'AQI=' })).content).toEqual({ kind: 'raw', bytes: Uint8Array.of(1, 2) });
    expect(viewTensor(Tensor.fromJSON({ shape: ['0'] })).content).toEqual({ kind: 'values', values: [] });
  });
});
