import { describe, expect, it } from '@jest/globals';
import { createRawTensor } from '../../../src/client/raw-tensor.js';
import { RequestError } from '../../../src/client/request-error.js';

describe('createRawTensor', () => {
  it('holds the bytes as they are', () => {
    const bytes = Uint8Array.of(0, 0, 128, 63);
    expect(createRawTensor('x', 'FP32', [1, 1], bytes)).toMatchObject({ name: 'x', datatype: 11, shape: [1n, 1n], raw: bytes, floats: [] });
  });

  it('refuses a datatype that does not exist, saying which do', () => {
    expect(() => createRawTensor('x', 'FLOAT', [1], new Uint8Array())).toThrow(RequestError);
    expect(() => createRawTensor('x', 'FLOAT', [1], new Uint8Array())).toThrow(/unknown datatype FLOAT; there are BOOL, .*BF16/);
  });
});
