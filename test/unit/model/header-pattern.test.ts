import { describe, expect, it } from '@jest/globals';
import { HeaderPattern } from '../../../src/model/header-pattern.js';

function matching(pattern: string, names: readonly string[]): string[] {
  const compiled = new HeaderPattern(pattern);
  return names.filter((name) => compiled.matches(name));
}

function problemOf(pattern: string): string {
  try {
    new HeaderPattern(pattern);
  } catch (error) {
    return (error as Error).message;
  }
  return 'accepted';
}

describe('HeaderPattern', () => {
  it('is found anywhere in a name, in either case', () => {
    expect(matching('MY_HEADER.*', ['my_header_1', 'not_my_header', 'header_1'])).toEqual(['my_header_1', 'not_my_header']);
  });

  it('heeds the case where it begins with (?-i)', () => {
    expect(matching('(?-i)MY_HEADER.*', ['my_header_1', 'MY_HEADER_1'])).toEqual(['MY_HEADER_1']);
    expect(matching('(?-i)(?i)A', ['a'])).toEqual(['a']);
  });

  it('is anchored where it says so', () => {
    expect(matching('^x-tag$', ['x-tag', 'x-tags', 'ax-tag'])).toEqual(['x-tag']);
    expect(matching('^(?:a|b$)', ['az', 'b', 'bz', 'zb'])).toEqual(['az', 'b']);
    expect(matching('a^b|$c', ['ab', 'c'])).toEqual([]);
  });

  it('has any name where it is empty', () => {
    expect(matching('', ['', 'x'])).toEqual(['', 'x']);
  });

  it.each([
    ['^ab*$', ['a', 'abbb', 'b'], ['a', 'abbb']],
    ['^ab+?$', ['a', 'ab', 'abb'], ['ab', 'abb']],
    ['^ab?$', ['a', 'ab', 'abb'], ['a', 'ab']],
    ['^a{2}$', ['a', 'aa', 'aaa'], ['aa']],
    ['^a{2,}$', ['a', 'aa', 'aaa'], ['aa', 'aaa']],
    ['^(?:ab){1,2}$', ['ab', 'abab', 'ababab', ''], ['ab', 'abab']],
    ['^a{0}b$', ['b', 'ab'], ['b']],
    ['^(x-|y-)+z$', ['x-z', 'y-x-z', 'z'], ['x-z', 'y-x-z']],
    ['^(a*)*b$', ['aab', 'b', 'a'], ['aab', 'b']],
    ['^[a-c\\d.-]+$', ['a1.-', 'd'], ['a1.-']],
    ['^[^\\]x]$', [']', 'x', 'y'], ['y']],
    ['^\\w\\W\\s?\\D$', ['a-b', 'a1b'], ['a-b']],
    ['^a\\.b\\-c/$', ['a.b-c/', 'aXb-c/'], ['a.b-c/']],
    ['^a{b}]$', ['a{b}]'], ['a{b}]']],
    ['^.$', ['a', 'ä', 'ab'], ['a']],
  ])('%s', (pattern, names, expected) => {
    expect(matching(pattern, names)).toEqual(expected);
  });

  it('keeps what was written', () => {
    expect(new HeaderPattern('(?-i)x-.*').source).toBe('(?-i)x-.*');
  });

  it('matches no name longer than any real one', () => {
    expect(matching('x', ['x'.repeat(256), 'x'.repeat(257)])).toEqual(['x'.repeat(256)]);
  });

  it.each([
    ['(', "a '(' has no ')'"],
    ['a)', "a ')' has no '('"],
    ['*', "'*' repeats nothing"],
    ['a**', "'*' repeats nothing"],
    ['(|{2})', "'{2}' repeats nothing"],
    ['a{3,2}', "'{3,2}' has its bounds the wrong way round"],
    ['[a', "'[' is not supported"],
    ['[z-a]', "'[z-a]' is no class of characters"],
    ['[[:alpha:]]', "'[[:alpha:]' is not supported"],
    ['(?=a)', "'(?' is not supported"],
    ['(?P<name>a)', "'(?' is not supported"],
    ['(a)\\1', "'\\1' is not supported"],
    ['\\bx', "'\\b' is not supported"],
    ['a\\', "'\\' is not supported"],
    ['x'.repeat(1001), 'it is longer than 1000 characters'],
    ['((a{100}){100}){100}', 'it has more than 1000 states'],
    ['(((){100}){100}){100}', 'it has more than 1000 states'],
    ['a{99999999999999999999}', 'it has more than 1000 states'],
  ])('refuses %s', (pattern, problem) => {
    expect(problemOf(pattern)).toBe(problem);
  });

  it('takes as long as the name is, whatever the pattern: JavaScript would not come back from these', () => {
    const name = `${'x'.repeat(255)}!`;
    for (const pattern of ['^(x+x+)+y$', '^(x|x)*$', '^(.*)*(.*)*(.*)*q$', '^(x*)*$']) expect(matching(pattern, [name])).toEqual([]);
  });
});
