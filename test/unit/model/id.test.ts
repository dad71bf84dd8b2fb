import { describe, expect, it } from '@jest/globals';
import {
  compareVersions,
  findVersionReference,
  formatVersionId,
  formatVersionReference,
  isVersion,
  NEWEST,
  parseVersionReference,
} from '../../../src/model/id.js';

describe('parseVersionReference', () => {
  it('takes nothing for the newest version', () => {
    expect(parseVersionReference('')).toBe(NEWEST);
  });

  it.each(['1', '42', '9'.repeat(19)])('takes %p for a version', (version) => {
    expect(parseVersionReference(version)).toEqual({ kind: 'version', version });
  });

  it.each(['stable', 'a', 'canary-2_b', `a${'x'.repeat(62)}`])('takes %p for an alias', (alias) => {
    expect(parseVersionReference(alias)).toEqual({ kind: 'alias', alias });
  });

  it.each(['0', '01', '-1', '+1', '1abc', '1.0', ' 1', '1\n', '9'.repeat(20), 'Stable', '_a', 'a b', `a${'x'.repeat(63)}`, '٣'])(
    'refuses %p with the phrase that clients know',
    (text) => {
      expect(() => parseVersionReference(text)).toThrow(
        expect.objectContaining({
          code: 'invalid_request',
          message: expect.stringContaining('failed to get model version from specified version string'),
        }),
      );
    },
  );

  it('repeats only the beginning of a long text', () => {
    expect(() => parseVersionReference('😀'.repeat(100_000))).toThrow(/^.{1,400}$/u);
  });
});

describe('findVersionReference', () => {
  it.each(['', '1', 'stable'])('reads %p as parseVersionReference does, and gives its text back', (text) => {
    expect(findVersionReference(text)).toEqual(parseVersionReference(text));
    expect(formatVersionReference(parseVersionReference(text))).toBe(text);
  });

  it('finds nothing in a text that is malformed', () => {
    expect(findVersionReference('0')).toBeUndefined();
  });
});

describe('isVersion', () => {
  it('knows positive integers without leading zeros', () => {
    expect(['1', '10', '0', '01', 'v1', ''].map(isVersion)).toEqual([true, true, false, false, false, false]);
  });
});

describe('compareVersions', () => {
  it('orders as numbers', () => {
    expect(['10', '9', '1', '100', '9'].sort(compareVersions)).toEqual(['1', '9', '9', '10', '100']);
  });

  it('tells apart versions that a double cannot', () => {
    expect(compareVersions('9007199254740993', '9007199254740992')).toBeGreaterThan(0);
    expect(compareVersions('9007199254740993', '9007199254740993')).toBe(0);
  });
});

describe('formatVersionId', () => {
  it('joins model and version', () => {
    expect(formatVersionId({ model: 'digits', version: '2' })).toBe('digits/2');
  });
});
