import { describe, expect, it } from '@jest/globals';
import { SERVING_ERROR_CODES } from '../../../src/error/code.js';

describe('SERVING_ERROR_CODES', () => {
  it('names each code once, in words fit for a label', () => {
    expect(new Set(SERVING_ERROR_CODES).size).toBe(SERVING_ERROR_CODES.length);
    for (const code of SERVING_ERROR_CODES) expect(code).toMatch(/^[a-z]+(_[a-z]+)*$/);
  });
});
