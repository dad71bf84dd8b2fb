import { describe, expect, it } from '@jest/globals';
import { type PatternNode, parseHeaderPattern } from '../../../src/model/header-pattern-syntax.js';

/** The tree in brackets, a character as the first sign that it accepts. */
function show(node: PatternNode): string {
  switch (node.kind) {
    case 'character':
      return String.fromCharCode(node.accepts.indexOf(true));
    case 'start':
    case 'end':
      return node.kind;
    case 'sequence':
    case 'choice':
      return `${node.kind}(${node.parts.map(show).join(' ')})`;
    case 'repeat':
      return `${show(node.body)}{${node.min},${node.max}}`;
  }
}

describe('parseHeaderPattern', () => {
  it('reads choices of sequences', () => {
    expect(show(parseHeaderPattern('(?-i)ab|^$|'))).toBe('choice(sequence(a b) sequence(start end) sequence())');
  });

  it('reads groups, which nest, and what repeats them', () => {
    expect(show(parseHeaderPattern('(?-i)(a|(?:b)*)?'))).toBe(
      'choice(sequence(choice(sequence(a) sequence(choice(sequence(b)){0,Infinity})){0,1}))',
    );
  });

  it('reads quantifiers, lazy or not', () => {
    const ofOne = (text: string) => show(parseHeaderPattern(`(?-i)${text}`)).slice('choice(sequence('.length, -2);
    const quantifiers = ['a*', 'a+?', 'a?', 'a{3}', 'a{3,}?', 'a{3,4}'];
    expect(quantifiers.map(ofOne)).toEqual(['a{0,Infinity}', 'a{1,Infinity}', 'a{0,1}', 'a{3,3}', 'a{3,Infinity}', 'a{3,4}']);
  });

  it('knows either case of a letter', () => {
    expect(show(parseHeaderPattern('a'))).toBe('choice(sequence(A))');
    expect(show(parseHeaderPattern('(?i)a'))).toBe('choice(sequence(A))');
  });
});
