import { describe, expect, it } from '@jest/globals';
import { hasTimeouts, levelOf, policyOf, timeoutMsOf } from '../../../src/batching/queue-level.js';
import type { BatchingSpec, QueueTimeout } from '../../../src/model/spec.js';

const PLAIN: BatchingSpec = { preferredBatchSizes: [], maxQueueDelayMs: 0, maxQueueSize: 7 };
const REJECT: QueueTimeout = { action: 'reject', defaultMs: 10, allowOverride: false };
const OWN = { maxQueueSize: 1, timeout: REJECT };
const LEVELS: BatchingSpec = { ...PLAIN, priorities: { levels: 3, defaultLevel: 2, policies: new Map([[1, OWN]]) } };

describe('levelOf', () => {
  it('is what the request asks for, where there is such a level', () => {
    expect([1, 2, 3].map((priority) => levelOf(LEVELS, priority))).toEqual([1, 2, 3]);
  });

  it('is the default for a request that asks for none, or for one that there is not', () => {
    expect([0, 4, 1e15].map((priority) => levelOf(LEVELS, priority))).toEqual([2, 2, 2]);
  });

  it('ignores priorities where the model has no levels', () => {
    expect([0, 1, 9].map((priority) => levelOf(PLAIN, priority))).toEqual([0, 0, 0]);
  });
});

describe('policyOf', () => {
  it("is the level's own, or else the model's", () => {
    expect(policyOf(LEVELS, 1)).toBe(OWN);
    expect(policyOf(LEVELS, 2).maxQueueSize).toBe(7);
    expect(policyOf(PLAIN, 0).maxQueueSize).toBe(7);
  });
});

describe('timeoutMsOf', () => {
  it.each([
    ['the default, where none is asked for', { defaultMs: 10, allowOverride: true }, 0, 10],
    ['the default, where a request may not say so itself', { defaultMs: 10, allowOverride: false }, 4000, 10],
    ['a shorter one', { defaultMs: 10, allowOverride: true }, 4500, 4.5],
    ['never a longer one', { defaultMs: 10, allowOverride: true }, 20_000, 10],
    ['any, where there is no default', { defaultMs: 0, allowOverride: true }, 20_000, 20],
    ['none, where nobody sets one', { defaultMs: 0, allowOverride: true }, 0, undefined],
  ])('is %s', (_what, timeout, askedUs, expected) => {
    expect(timeoutMsOf({ action: 'reject', ...timeout }, askedUs)).toBe(expected);
  });
});

describe('hasTimeouts', () => {
  it("finds them in the model's policy and in those of its levels", () => {
    expect(hasTimeouts(PLAIN)).toBe(false);
    expect(hasTimeouts({ ...PLAIN, timeout: REJECT })).toBe(true);
    expect(hasTimeouts(LEVELS)).toBe(true);
    expect(hasTimeouts({ ...PLAIN, priorities: { levels: 2, defaultLevel: 1, policies: new Map([[1, { maxQueueSize: 1 }]]) } })).toBe(
      false,
    );
  });
});
