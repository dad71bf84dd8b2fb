import { describe, expect, it } from '@jest/globals';
import { parseShape, toWireShape } from '../../../src/wire/wire-shape.js';
import { servingErrorOf } from '../../support/wire-messages.js';

describe('parseShape', () => {
  it('takes safe non-negative sizes and gives them back', () => {
    const shape = [0n, 1n, BigInt(Number.MAX_SAFE_INTEGER)];
    expect(toWireShape(parseShape(shape, 'x', 'm'))).toEqual(shape);
    expect(parseShape([], 'x', 'm')).toEqual([]);
  });

  it("refuses a negative size with Triton's phrase", () => {
    const error = servingErrorOf(() => parseShape([4n, -1n], 'x', 'm'));
    expect(error.code).toBe('invalid_request');
    expect(error.message).toBe("All input dimensions should be specified for input 'x' for model 'm', got [4,-1]");
  });

  it('refuses a size that no number holds', () => {
    const error = servingErrorOf(() => parseShape([2n ** 53n], 'x', 'm'));
    expect(error.code).toBe('invalid_request');
    expect(error.message).toContain('9007199254740992');
  });

  it('stays short whatever the shape', () => {
    const shape = Array.from({ length: 10_000 }, () => -(2n ** 62n));
    expect(servingErrorOf(() => parseShape(shape, 'x'.repeat(5000), 'm')).message.length).toBeLessThanOrEqual(400);
  });
});
