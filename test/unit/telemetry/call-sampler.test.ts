import { describe, expect, it } from '@jest/globals';
import { CallSampler, type TraceRule } from '../../../src/telemetry/call-sampler.js';

const OFF: TraceRule = { on: false, ratio: 1, budget: { left: Infinity } };
const TRACED = { traceId: '0af7651916cd43dd8448eb211c80319c', spanId: 'b7ad6b7169203331', sampled: true };
const UNTRACED = { ...TRACED, sampled: false };

function rule(ratio: number, left = Infinity): TraceRule {
  return { on: true, ratio, budget: { left } };
}

function sampler(global: TraceRule, models: Readonly<Record<string, TraceRule>> = {}, parentBased = true): CallSampler {
  return new CallSampler(parentBased, { global, models: new Map(Object.entries(models)) });
}

/** Of one call without a parent. */
function outcome(calls: CallSampler, model: string | undefined, draw: number): 'refused' | 'dropped' | 'kept' {
  if (!calls.admits(undefined, draw)) return 'refused';
  return calls.settles(model, { parent: undefined, draw }) ? 'kept' : 'dropped';
}

describe('CallSampler', () => {
  it('decides at once where one rule without an end is for all', () => {
    const calls = sampler(rule(0.5));
    expect([calls.enabled, calls.settlesLater]).toEqual([true, false]);
    expect([calls.admits(undefined, 0.49), calls.admits(undefined, 0.5)]).toEqual([true, false]);
  });

  it('admits what any model may keep, and keeps what its own does', () => {
    const calls = sampler(rule(0.1), { often: rule(0.8), never: OFF });
    expect(calls.settlesLater).toBe(true);
    expect([0.05, 0.5, 0.9].map((draw) => outcome(calls, 'often', draw))).toEqual(['kept', 'kept', 'refused']);
    expect([0.05, 0.5, 0.9].map((draw) => outcome(calls, 'other', draw))).toEqual(['kept', 'dropped', 'refused']);
    expect(outcome(calls, 'never', 0)).toBe('dropped');
    expect([0.05, 0.5].map((draw) => outcome(calls, undefined, draw))).toEqual(['kept', 'dropped']);
  });

  it("follows the caller's decision, at any ratio and past the end of a budget, but not where tracing is off", () => {
    const calls = sampler(rule(0, 0), { off: OFF });
    expect([calls.enabled, calls.settlesLater]).toEqual([true, true]);
    expect([calls.admits(TRACED, 0.9), calls.admits(UNTRACED, 0)]).toEqual([true, false]);
    expect(calls.settles('m', { parent: TRACED, draw: 0.9 })).toBe(true);
    expect(calls.settles('off', { parent: TRACED, draw: 0 })).toBe(false);
  });

  it("goes by the trace's id where callers do not decide", () => {
    const calls = sampler(rule(0.5), {}, false);
    const low = { ...UNTRACED, traceId: `${'0'.repeat(31)}1` };
    const high = { ...TRACED, traceId: `${'f'.repeat(8)}${'0'.repeat(24)}` };
    expect([calls.admits(low, 0.9), calls.admits(high, 0)]).toEqual([true, false]);
    expect([calls.settles('m', { parent: low, draw: 0.9 }), calls.settles('m', { parent: high, draw: 0 })]).toEqual([true, false]);
  });

  it('keeps as many calls of a model as there are traces left, though more were admitted', () => {
    const calls = sampler(rule(1, 2));
    const input = { parent: undefined, draw: 0 };
    expect([1, 2, 3].map(() => calls.admits(undefined, 0))).toEqual([true, true, true]);
    expect([1, 2, 3].map(() => calls.settles('m', input))).toEqual([true, true, false]);
    expect(calls.admits(undefined, 0)).toBe(false);
  });

  it('spends nothing on calls without a model, and keeps them until all is spent', () => {
    const calls = sampler(rule(1, 1));
    expect([outcome(calls, undefined, 0), outcome(calls, undefined, 0)]).toEqual(['kept', 'kept']);
    expect([outcome(calls, 'm', 0), outcome(calls, undefined, 0)]).toEqual(['kept', 'refused']);
  });

  it('spends a budget that rules share once', () => {
    const shared = rule(1, 2);
    const calls = sampler(shared, { m: { ...shared, ratio: 0.5 } });
    expect([outcome(calls, 'm', 0), outcome(calls, 'n', 0), outcome(calls, 'm', 0)]).toEqual(['kept', 'kept', 'refused']);
  });

  it.each<[string, boolean, boolean, TraceRule]>([
    ['off', true, false, OFF],
    ['on, for callers alone', true, true, rule(0)],
    ['on at ratio 0, and callers do not count', false, false, rule(0)],
    ['on with nothing left, and callers do not count', false, false, rule(1, 0)],
  ])('is enabled where something may be sampled: %s', (_, parentBased, enabled, global) => {
    const calls = sampler(global, {}, parentBased);
    expect(calls.enabled).toBe(enabled);
    expect(calls.admits(TRACED, 0)).toBe(enabled);
  });

  it('goes by new rules at once, for calls that were admitted before, too', () => {
    const calls = sampler(rule(1));
    expect(calls.admits(undefined, 0.5)).toBe(true);
    calls.replace({ global: rule(0.1), models: new Map() });
    expect(calls.settles('m', { parent: undefined, draw: 0.5 })).toBe(false);
    expect(calls.admits(undefined, 0.5)).toBe(false);
  });
});
