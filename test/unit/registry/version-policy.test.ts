import { describe, expect, it } from '@jest/globals';
import { formatVersionPolicy, selectVersions } from '../../../src/registry/version-policy.js';

const EXISTING = ['10', '9', '1'];

describe('selectVersions', () => {
  it('takes the highest numbers for the latest', () => {
    expect(selectVersions(EXISTING, { kind: 'latest', count: 1 })).toEqual(['10']);
    expect(selectVersions(EXISTING, { kind: 'latest', count: 2 })).toEqual(['9', '10']);
    expect(selectVersions(EXISTING, { kind: 'latest', count: 5 })).toEqual(['1', '9', '10']);
    expect(selectVersions(EXISTING, { kind: 'latest', count: 0 })).toEqual([]);
  });

  it('takes all', () => {
    expect(selectVersions(EXISTING, { kind: 'all' })).toEqual(['1', '9', '10']);
  });

  it('takes those that are named and exist', () => {
    expect(selectVersions(EXISTING, { kind: 'specific', versions: ['10', '3', '1'] })).toEqual(['1', '10']);
  });
});

describe('formatVersionPolicy', () => {
  it('says a policy in words', () => {
    expect(formatVersionPolicy({ kind: 'all' })).toBe('all');
    expect(formatVersionPolicy({ kind: 'latest', count: 2 })).toBe('latest 2');
    expect(formatVersionPolicy({ kind: 'specific', versions: ['1', '3'] })).toBe('specific [1,3]');
  });
});
