import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { BatchScheduler, type ClosedBatch } from '../../src/batching/scheduler.js';
import { ServingError } from '../../src/error/serving-error.js';
import { CancelSource } from '../../src/model/cancel-signal.js';
import { callContext } from '../support/call-context.js';
import { turns } from '../support/event-loop.js';
import { type Execute, FakeSlotSource, identity } from '../support/fake-slot-source.js';
import { ManualClock } from '../support/manual-clock.js';
import { int32Rows, readInt32, readTexts, textRows } from '../support/row-tensors.js';
import { Outcome } from '../support/scheduler-rig.js';

type RunEnd = 'ok' | 'rejects' | 'throws' | 'wrong_rows';

type Step =
  | { readonly kind: 'submit'; readonly rows: number; readonly key: string; readonly budgetMs: number | undefined }
  | { readonly kind: 'cancel'; readonly at: number }
  | { readonly kind: 'end_run'; readonly at: number; readonly end: RunEnd }
  | { readonly kind: 'advance'; readonly ms: number }
  | { readonly kind: 'slots_fail'; readonly fail: boolean }
  | { readonly kind: 'turn' };

interface Scenario {
  readonly slots: number;
  /** Batches that one instance takes at a time. */
  readonly depth: number;
  readonly mode: 'fixed' | 'learned';
  readonly maxBatchSize: number;
  readonly maxQueueDelayMs: number;
  readonly maxQueueSize: number;
  readonly preferredBatchSizes: readonly number[];
  readonly steps: readonly Step[];
  readonly ending: 'drain' | 'close';
}

function kind<K extends Step['kind']>(name: K): fc.Arbitrary<K> {
  return fc.constant(name);
}

function steps(maxBatchSize: number): fc.Arbitrary<readonly Step[]> {
  const submit = fc.record({
    kind: kind('submit'),
    rows: fc.integer({ min: 1, max: maxBatchSize }),
    key: fc.constantFrom('a', 'a', 'b'),
    budgetMs: fc.option(fc.integer({ min: 0, max: 15 }), { nil: undefined }),
  });
  const endRun = fc.record({
    kind: kind('end_run'),
    at: fc.nat(3),
    end: fc.constantFrom<RunEnd>('ok', 'ok', 'ok', 'rejects', 'throws', 'wrong_rows'),
  });
  const step = fc.oneof(
    { weight: 6, arbitrary: submit },
    { weight: 2, arbitrary: fc.record({ kind: kind('cancel'), at: fc.nat(30) }) },
    { weight: 4, arbitrary: endRun },
    { weight: 2, arbitrary: fc.record({ kind: kind('advance'), ms: fc.integer({ min: 0, max: 8 }) }) },
    { weight: 1, arbitrary: fc.record({ kind: kind('slots_fail'), fail: fc.boolean() }) },
    { weight: 4, arbitrary: fc.record({ kind: kind('turn') }) },
  );
  return fc.array(step, { maxLength: 40 });
}

const SCENARIO: fc.Arbitrary<Scenario> = fc.integer({ min: 1, max: 8 }).chain((maxBatchSize) =>
  fc.record({
    slots: fc.integer({ min: 1, max: 3 }),
    depth: fc.integer({ min: 1, max: 3 }),
    mode: fc.constantFrom('fixed', 'learned'),
    maxBatchSize: fc.constant(maxBatchSize),
    maxQueueDelayMs: fc.constantFrom(0, 0, 5),
    maxQueueSize: fc.constantFrom(0, 0, 3),
    preferredBatchSizes: fc
      .uniqueArray(fc.integer({ min: 1, max: maxBatchSize }), { maxLength: 2 })
      .map((sizes) => sizes.sort((a, b) => a - b)),
    steps: steps(maxBatchSize),
    ending: fc.constantFrom('drain', 'close'),
  }),
);

interface Submitted {
  /** Tell this submission's rows from all others. */
  readonly values: readonly number[];
  readonly key: string;
  readonly deadline: number;
  readonly signal: CancelSource;
  readonly outcome: Outcome;
}

interface Run {
  readonly values: readonly number[];
  readonly startedAt: number;
  readonly end: (end: RunEnd) => void;
}

/** Plays a scenario against a scheduler whose instances give every row back as it came. */
class Play {
  readonly submitted: Submitted[] = [];
  readonly runs: Run[] = [];
  readonly closed: ClosedBatch[] = [];
  readonly clock = new ManualClock();
  readonly slots: FakeSlotSource;
  readonly #open: Run[] = [];
  readonly #scheduler: BatchScheduler;
  /** Whether the next run throws before it has begun. */
  #throwNext = false;
  #nextValue = 0;

  constructor({ slots, depth, ...limits }: Scenario) {
    this.slots = new FakeSlotSource(slots, this.#execute, depth);
    this.#scheduler = new BatchScheduler({
      limits,
      slots: this.slots,
      clock: this.clock,
      observer: { closed: (batch) => this.closed.push(batch), refused: () => undefined, split: () => undefined },
    });
  }

  async step(step: Step): Promise<void> {
    switch (step.kind) {
      case 'submit':
        this.#submit(step.rows, step.key, step.budgetMs);
        break;
      case 'cancel':
        this.submitted[step.at]?.signal.cancel(new ServingError('cancelled', 'the caller has gone'));
        break;
      case 'end_run':
        this.#endRun(step.at, step.end);
        break;
      case 'advance':
        this.clock.advance(step.ms);
        break;
      case 'slots_fail':
        if (step.fail) this.slots.refuse(new ServingError('backend_unavailable', 'no instance', { retryAfterMs: 1 }));
        else this.slots.recover();
        break;
      case 'turn':
        await turns(1);
        break;
    }
  }

  /** Lets the scheduler end as a servable does; no further run is held up. */
  async end(ending: Scenario['ending']): Promise<void> {
    this.#throwNext = false;
    const over = ending === 'drain' ? this.#scheduler.drain(new AbortController().signal) : this.#scheduler.close();
    const outcomes = this.submitted.map(({ outcome }) => outcome);
    for (let round = 0; outcomes.some(({ state }) => state === 'pending'); round++) {
      expect(round).toBeLessThan(200);
      this.#endRun(0, 'ok');
      await turns(2);
    }
    for (const { end } of this.#open.splice(0)) end('ok');
    await over;
    await this.#scheduler.close();
  }

  #submit(rows: number, key: string, budgetMs: number | undefined): void {
    const values = Array.from({ length: rows }, () => this.#nextValue++);
    const deadline = budgetMs === undefined ? Number.POSITIVE_INFINITY : this.clock.now() + budgetMs;
    const signal = new CancelSource();
    const inputs = [int32Rows(values), textRows(values.map(String))];
    const outcome = new Outcome(this.#scheduler.submit({ inputs, rows, key }, callContext({ signal, deadline })));
    this.submitted.push({ values, key, deadline, signal, outcome });
  }

  #endRun(at: number, end: RunEnd): void {
    if (end === 'throws') {
      this.#throwNext = true;
      return;
    }
    const [run] = this.#open.splice(at, 1);
    run?.end(end);
  }

  readonly #execute: Execute = (inputs) => {
    const values = readInt32(inputs[0]);
    if (this.#throwNext) {
      this.#throwNext = false;
      this.runs.push({ values, startedAt: this.clock.now(), end: () => undefined });
      throw new TypeError('thrown before the run began');
    }
    return new Promise((resolve, reject) => {
      const end = (how: RunEnd) => {
        if (how === 'rejects') reject(new ServingError('backend_failed', 'the run failed'));
        else if (how === 'wrong_rows') resolve({ outputs: [int32Rows([...values, 0])], executeUs: 1 });
        else resolve(identity(inputs, 1));
      };
      const run = { values, startedAt: this.clock.now(), end };
      this.runs.push(run);
      this.#open.push(run);
    });
  };
}

async function play(scenario: Scenario): Promise<Play> {
  const played = new Play(scenario);
  for (const step of scenario.steps) await played.step(step);
  await played.end(scenario.ending);
  return played;
}

describe('BatchScheduler, whatever comes, goes and fails', () => {
  it('settles every submission once, with its own rows or an error', async () => {
    await fc.assert(
      fc.asyncProperty(SCENARIO, async (scenario) => {
        const { submitted } = await play(scenario);
        for (const { values, outcome } of submitted) {
          expect(outcome.settlements).toBe(1);
          if (outcome.result === undefined) continue;
          const [numbers, texts] = outcome.result.outputs;
          expect(readInt32(numbers)).toEqual(values);
          expect(readTexts(texts)).toEqual(values.map(String));
        }
      }),
      { numRuns: 300 },
    );
  });

  it('runs no row twice, none of an expired entry, never more than max batch size, and keys apart', async () => {
    await fc.assert(
      fc.asyncProperty(SCENARIO, async (scenario) => {
        const { submitted, runs } = await play(scenario);
        const ran = runs.flatMap(({ values }) => values);
        expect(new Set(ran).size).toBe(ran.length);
        const owners = new Map(submitted.flatMap((one) => one.values.map((value) => [value, one])));
        for (const { values, startedAt } of runs) {
          expect(values.length).toBeLessThanOrEqual(scenario.maxBatchSize);
          const members = values.map((value) => owners.get(value));
          expect(new Set(members.map((member) => member?.key)).size).toBe(1);
          for (const member of members) expect(member?.deadline).toBeGreaterThan(startedAt);
        }
      }),
      { numRuns: 200 },
    );
  });

  it('gives every slot back exactly once, leaves no timer, and reports each run once with its times in order', async () => {
    await fc.assert(
      fc.asyncProperty(SCENARIO, async (scenario) => {
        const { slots, clock, closed, runs } = await play(scenario);
        expect(slots.returned).toBe(slots.granted);
        expect([slots.waiting, clock.pending]).toEqual([0, 0]);
        expect(closed).toHaveLength(runs.length);
        for (const { entries, rows, dispatchedAt, assembledAt, executedAt } of closed) {
          expect(rows).toBe(entries.reduce((sum, entry) => sum + entry.rows, 0));
          const times = [...entries.map(({ enqueuedAt }) => enqueuedAt), dispatchedAt, assembledAt, executedAt];
          expect(times).toEqual([...times].sort((a, b) => a - b));
        }
      }),
      { numRuns: 200 },
    );
  });

  it('answers every submission that nothing stood against', async () => {
    await fc.assert(
      fc.asyncProperty(SCENARIO, async (scenario) => {
        const harmless = scenario.steps.filter((step) => step.kind !== 'cancel' && step.kind !== 'slots_fail');
        const steps = harmless.map((step): Step => {
          if (step.kind === 'submit') return { ...step, budgetMs: undefined };
          return step.kind === 'end_run' ? { ...step, end: 'ok' } : step;
        });
        const { submitted } = await play({ ...scenario, steps, maxQueueSize: 0, ending: 'drain' });
        expect(submitted.map(({ outcome }) => outcome.state)).toEqual(submitted.map(() => 'fulfilled'));
      }),
      { numRuns: 150 },
    );
  });
});
