import { describe, expect, it } from '@jest/globals';
import { assertClassifiable } from '../../../src/model/classification.js';

const OUTPUTS = [
  { name: 'text', datatype: 'BYTES', dims: [1] },
  { name: 'scores', datatype: 'FP32', dims: [10] },
  { name: 'halves', datatype: 'FP16', dims: [10] },
] as const;

describe('assertClassifiable', () => {
  it('lets outputs of numbers pass, whatever the others are', () => {
    expect(() => assertClassifiable(new Map([['scores', 3]]), OUTPUTS)).not.toThrow();
  });

  it.each([
    ['text', 'BYTES'],
    ['halves', 'FP16'],
  ])("refuses output '%s' of %s", (name, datatype) => {
    const message = `class result not available for output due to unsupported type '${datatype}': output '${name}'`;
    expect(() => assertClassifiable(new Map([[name, 3]]), OUTPUTS)).toThrow(expect.objectContaining({ code: 'invalid_request', message }));
  });
});
