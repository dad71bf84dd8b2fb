import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { compareVersions, isVersion } from '../../src/model/id.js';
import type { VersionPolicy } from '../../src/model/spec.js';
import { selectVersions } from '../../src/registry/version-policy.js';

const version = fc.bigInt({ min: 1n, max: 9_999_999_999_999_999_999n }).map(String);
const versions = fc.array(fc.oneof(version, fc.integer({ min: 1, max: 12 }).map(String)), { maxLength: 12 });
const policy: fc.Arbitrary<VersionPolicy> = fc.oneof(
  fc.constant({ kind: 'all' } as const),
  fc.record({ kind: fc.constant('latest' as const), count: fc.nat(15) }),
  fc.record({ kind: fc.constant('specific' as const), versions }),
);

const ascending = (a: string, b: string) => (BigInt(a) < BigInt(b) ? -1 : Number(BigInt(a) > BigInt(b)));

describe('compareVersions', () => {
  it('orders as integers of any size', () => {
    fc.assert(
      fc.property(version, version, (a, b) => {
        expect(isVersion(a)).toBe(true);
        expect(Math.sign(compareVersions(a, b))).toBe(ascending(a, b));
      }),
    );
  });
});

describe('selectVersions', () => {
  it('chooses from what exists, each once, ascending', () => {
    fc.assert(
      fc.property(versions, policy, (existing, chosen) => {
        const selected = selectVersions(existing, chosen);
        expect(selected).toEqual([...new Set(selected)].sort(ascending));
        expect(selected.every((one) => existing.includes(one))).toBe(true);
      }),
    );
  });

  it('chooses as many as the policy says', () => {
    fc.assert(
      fc.property(versions, fc.nat(15), versions, (existing, count, named) => {
        const distinct = new Set(existing);
        expect(selectVersions(existing, { kind: 'all' })).toHaveLength(distinct.size);
        expect(selectVersions(existing, { kind: 'latest', count })).toHaveLength(Math.min(count, distinct.size));
        const both = [...distinct].filter((one) => named.includes(one));
        expect(selectVersions(existing, { kind: 'specific', versions: named })).toHaveLength(both.length);
      }),
    );
  });

  it('leaves out none that is higher than one it takes as latest', () => {
    fc.assert(
      fc.property(versions, fc.integer({ min: 1, max: 15 }), (existing, count) => {
        const [lowest, ...others] = selectVersions(existing, { kind: 'latest', count });
        const taken = new Set([lowest, ...others]);
        expect(existing.every((one) => taken.has(one) || ascending(one, lowest ?? one) < 0)).toBe(true);
      }),
    );
  });
});
