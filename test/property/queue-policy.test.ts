import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { levelOf, policyOf, timeoutMsOf } from '../../src/batching/queue-level.js';
import type { BatchingSpec, QueuePolicy, QueueTimeout } from '../../src/model/spec.js';
import { turns } from '../support/event-loop.js';
import { HeldRuns } from '../support/fake-slot-source.js';
import { readInt32 } from '../support/row-tensors.js';
import { type Outcome, SchedulerRig } from '../support/scheduler-rig.js';

interface Submit {
  readonly kind: 'submit';
  readonly priority: number;
  readonly key: string;
  readonly queueTimeoutUs: number;
}

type Step = Submit | { readonly kind: 'advance'; readonly ms: number } | { readonly kind: 'end_run' } | { readonly kind: 'turn' };

const TIMEOUT: fc.Arbitrary<QueueTimeout> = fc.record({
  action: fc.constantFrom('reject', 'delay'),
  defaultMs: fc.constantFrom(0, 3, 8),
  allowOverride: fc.boolean(),
});
const POLICY: fc.Arbitrary<QueuePolicy> = fc.record({
  maxQueueSize: fc.constant(0),
  timeout: fc.option(TIMEOUT, { nil: undefined }),
});

const BATCHING: fc.Arbitrary<BatchingSpec> = fc
  .record({
    policy: POLICY,
    levels: fc.constantFrom(0, 1, 3),
    own: fc.array(fc.tuple(fc.integer({ min: 1, max: 3 }), POLICY), { maxLength: 2 }),
    defaultLevel: fc.integer({ min: 1, max: 3 }),
  })
  .map(({ policy, levels, own, defaultLevel }) => ({
    ...policy,
    preferredBatchSizes: [],
    maxQueueDelayMs: 0,
    ...(levels > 0 && { priorities: { levels, defaultLevel: Math.min(defaultLevel, levels), policies: new Map(own) } }),
  }));

const STEP: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      kind: fc.constant('submit' as const),
      priority: fc.nat(4),
      key: fc.constantFrom('a', 'a', 'b'),
      queueTimeoutUs: fc.constantFrom(0, 2000, 5000),
    }),
  },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('advance' as const), ms: fc.integer({ min: 1, max: 5 }) }) },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('end_run' as const) }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('turn' as const) }) },
);

const SCENARIO = fc.record({ batching: BATCHING, maxBatchSize: fc.integer({ min: 1, max: 4 }), steps: fc.array(STEP, { maxLength: 40 }) });

/** A submission as the rules see it. Its value is its place in the order of arrival. */
interface Member {
  readonly value: number;
  readonly key: string;
  readonly level: number;
  readonly enqueuedAt: number;
  /** Infinity where its wait is not limited. */
  readonly limitAt: number;
  readonly action: QueueTimeout['action'];
  readonly outcome: Outcome;
}

interface Run {
  readonly values: readonly number[];
  readonly startedAt: number;
  /** Who waited then, those of the run included. */
  readonly waiting: readonly Member[];
}

/** Plays on one slot and keeps books by the rules alone. */
class Play {
  readonly members: Member[] = [];
  readonly runs: Run[] = [];
  readonly rig: SchedulerRig;
  readonly #held = new HeldRuns();
  readonly #batching: BatchingSpec;
  readonly #ran = new Set<number>();

  constructor(batching: BatchingSpec, maxBatchSize: number) {
    this.#batching = batching;
    this.rig = new SchedulerRig({
      ...batching,
      maxBatchSize,
      execute: (inputs, signal) => {
        this.#note(readInt32(inputs[0]));
        return this.#held.execute(inputs, signal);
      },
    });
  }

  async step(step: Step): Promise<void> {
    if (step.kind === 'submit') this.#submit(step);
    else if (step.kind === 'advance') this.rig.clock.advance(step.ms);
    else if (step.kind === 'end_run') this.#held.open[0]?.finish();
    else await turns(2);
  }

  async end(): Promise<void> {
    for (let round = 0; this.members.some(({ outcome }) => outcome.state === 'pending'); round++) {
      expect(round).toBeLessThan(100);
      this.#held.open[0]?.finish();
      await turns(2);
    }
    await this.rig[Symbol.asyncDispose]();
  }

  #submit({ priority, key, queueTimeoutUs }: Submit): void {
    const value = this.members.length;
    const enqueuedAt = this.rig.clock.now();
    const level = levelOf(this.#batching, priority);
    const { timeout } = policyOf(this.#batching, level);
    const timeoutMs = timeout === undefined ? undefined : timeoutMsOf(timeout, queueTimeoutUs);
    const limitAt = enqueuedAt + (timeoutMs ?? Number.POSITIVE_INFINITY);
    const outcome = this.rig.submit([value], { priority, key, queueTimeoutUs });
    this.members.push({ value, key, level, enqueuedAt, limitAt, action: timeout?.action ?? 'delay', outcome });
  }

  #note(values: readonly number[]): void {
    const now = this.rig.clock.now();
    const waiting = this.members.filter((member) => !this.#ran.has(member.value) && !(member.action === 'reject' && member.limitAt <= now));
    for (const value of values) this.#ran.add(value);
    this.runs.push({ values, startedAt: now, waiting });
  }
}

async function play({ batching, maxBatchSize, steps }: { batching: BatchingSpec; maxBatchSize: number; steps: readonly Step[] }) {
  const played = new Play(batching, maxBatchSize);
  for (const step of steps) await played.step(step);
  await played.end();
  return played;
}

/** By level, then those in time before those that are late, then by arrival or, of the late, by when they became so. */
function byTurn(now: number): (a: Member, b: Member) => number {
  const isLate = ({ limitAt }: Member) => limitAt <= now;
  return (a, b) => {
    if (a.level !== b.level) return a.level - b.level;
    if (isLate(a) !== isLate(b)) return isLate(a) ? 1 : -1;
    return (isLate(a) ? a.limitAt - b.limitAt : 0) || a.value - b.value;
  };
}

describe('the queue policies, whatever comes and however long it waits', () => {
  it('run strictly by level, the late of a level last, and otherwise in the order of arrival', async () => {
    await fc.assert(
      fc.asyncProperty(SCENARIO, async (scenario) => {
        const { runs } = await play(scenario);
        for (const { values, startedAt, waiting } of runs) {
          const [head] = waiting.filter(({ value }) => value === values[0]);
          const [first] = [...waiting].sort(byTurn(startedAt));
          if (head === undefined || first === undefined) throw new Error('ran what did not wait');
          expect([head.level, head.limitAt <= startedAt]).toEqual([first.level, first.limitAt <= startedAt]);
          if (head.limitAt > startedAt) expect(head.enqueuedAt).toBe(first.enqueuedAt);
          const ofKey = waiting.filter(({ key }) => key === head.key).sort(byTurn(startedAt));
          expect(values).toEqual(ofKey.slice(0, scenario.maxBatchSize).map(({ value }) => value));
        }
      }),
      { numRuns: 300 },
    );
  });

  it('lose nobody: who may be refused is refused in time and never runs, all others run once', async () => {
    await fc.assert(
      fc.asyncProperty(SCENARIO, async (scenario) => {
        const { members, runs, rig } = await play(scenario);
        const startedAt = new Map(runs.flatMap((run) => run.values.map((value) => [value, run.startedAt])));
        expect(startedAt.size).toBe(runs.reduce((sum, { values }) => sum + values.length, 0));
        for (const { value, limitAt, action, outcome } of members) {
          expect(outcome.settlements).toBe(1);
          expect(outcome.state).toBe(startedAt.has(value) ? 'fulfilled' : 'rejected');
          if (outcome.state === 'rejected') expect([action, outcome.error?.isQueueTimeout]).toEqual(['reject', true]);
          else if (action === 'reject') expect(startedAt.get(value)).toBeLessThan(limitAt);
        }
        expect(rig.clock.pending).toBe(0);
      }),
      { numRuns: 200 },
    );
  });
});
