import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { HeaderPattern } from '../../src/model/header-pattern.js';

const { pattern } = fc.letrec<{ pattern: string }>((tie) => ({
  pattern: fc.oneof(
    { maxDepth: 4, depthSize: 'small' },
    fc.constantFrom('a', 'B', '-', '_', '.', '\\d', '\\W', '\\.', '[ab]', '[^a1]', '^', '$', ''),
    fc.tuple(tie('pattern'), tie('pattern')).map(([first, second]) => first + second),
    fc.tuple(tie('pattern'), tie('pattern')).map(([first, second]) => `(?:${first}|${second})`),
    fc
      .tuple(
        fc.oneof(
          fc.constantFrom('a', '.', '[ab]'),
          tie('pattern').map((inner) => `(${inner})`),
        ),
        fc.constantFrom('*', '+', '?', '{2}', '{0,2}', '{1,}?'),
      )
      .map(([body, quantifier]) => body + quantifier),
  ),
}));

const name = fc.string({ unit: fc.constantFrom('a', 'b', '1', '-', '_', '.'), maxLength: 8 });

describe('HeaderPattern', () => {
  it("matches what JavaScript's RegExp does, whatever the pattern", () => {
    fc.assert(
      fc.property(pattern, fc.array(name, { minLength: 1, maxLength: 5 }), (source, names) => {
        const expected = new RegExp(source, 'is');
        const compiled = new HeaderPattern(source);
        for (const each of names) expect([each, compiled.matches(each)]).toEqual([each, expected.test(each)]);
      }),
      { numRuns: 500 },
    );
  });

  it('either takes a text or says what is wrong with it', () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom(...Array.from('ab()[]{}|*+?\\^$.,1:-')) }), name, (source, each) => {
        try {
          expect(typeof new HeaderPattern(source).matches(each)).toBe('boolean');
        } catch (error) {
          expect((error as Error).message).toMatch(/^('|a '|it has more)/);
        }
      }),
      { numRuns: 500 },
    );
  });
});
