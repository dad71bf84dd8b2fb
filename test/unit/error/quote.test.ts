import { describe, expect, it } from '@jest/globals';
import { cut, quote, quoteList } from '../../../src/error/quote.js';

describe('cut', () => {
  it('leaves a text that fits alone', () => {
    expect(cut('abc', 3)).toBe('abc');
  });

  it('marks what it took away', () => {
    expect(cut('abcdef', 4)).toBe('abc…');
  });

  it('never keeps half a character', () => {
    expect(cut('ab😀cd', 4)).toBe('ab…');
    expect(cut('ab😀cd', 5)).toBe('ab😀…');
  });
});

describe('quote', () => {
  it('shows a name in single quotes', () => {
    expect(quote('INPUT0')).toBe("'INPUT0'");
  });

  it('keeps a long name short', () => {
    expect(quote('x'.repeat(10_000))).toHaveLength(82);
  });
});

describe('quoteList', () => {
  it('lists names in brackets', () => {
    expect(quoteList([])).toBe('[]');
    expect(quoteList(['a', 'b'])).toBe("['a','b']");
  });

  it('shows the first few of many', () => {
    const names = Array.from({ length: 10_000 }, (_, at) => `n${at}`);
    expect(quoteList(names)).toBe("['n0','n1','n2','n3','n4','n5','n6','n7',…]");
  });
});
