import { describe, expect, it } from '@jest/globals';
import { ServingError } from '../../../src/error/serving-error.js';
import { parseTimeout } from '../../../src/grpc/timeout.js';

describe('parseTimeout', () => {
  it.each([
    ['0n', 0],
    ['1S', 1000],
    ['250m', 250],
    ['2M', 120_000],
    ['1H', 3_600_000],
    ['1500u', 1.5],
    ['500000n', 0.5],
    ['2592000S', 30 * 86_400_000],
    ['99999999H', 99_999_999 * 3_600_000],
  ])('reads %s as %d ms', (header, span) => {
    expect(parseTimeout(header)).toBeCloseTo(span, 6);
  });

  it.each(['', '1', 'S', '-1S', '+1S', '1.5S', '1 S', ' 1S', '1S ', '1s', '1SS', '123456789S', '1S, 2S', '٣S', '1S\n', '0x1S'])(
    'refuses %j, naming it',
    (header) => {
      expect(() => parseTimeout(header)).toThrow(ServingError);
      expect(() => parseTimeout(header)).toThrow(/malformed grpc-timeout: expected 1 to 8 digits/);
    },
  );

  it('keeps the text of a refusal short', () => {
    expect(() => parseTimeout('9'.repeat(60_000))).toThrow(/^.{1,200}$/s);
  });
});
