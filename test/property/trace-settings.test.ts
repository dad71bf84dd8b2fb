import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { TraceChange, TraceValues } from '../../src/model/trace-settings.js';
import { TraceSettings } from '../../src/serving/trace-settings.js';
import { isSampled, type Sampling } from '../../src/telemetry/sampling.js';

const MODELS = ['a', 'b', 'c'] as const;
const FIELDS = ['level', 'rate', 'count'] as const;

type Scope = (typeof MODELS)[number] | undefined;

interface Step {
  readonly scope: Scope;
  readonly change: TraceChange;
}

const sampling: fc.Arbitrary<Sampling> = fc.record({
  parentBased: fc.boolean(),
  ratio: fc.oneof(fc.constantFrom(0, 1), fc.double({ min: 0, max: 1, noNaN: true })),
});

const change: fc.Arbitrary<TraceChange> = fc.record(
  {
    level: fc.constantFrom('OFF', 'TIMESTAMPS', null),
    rate: fc.oneof(fc.integer({ min: 1, max: 5 }), fc.constant(null)),
    count: fc.oneof(fc.integer({ min: -1, max: 3 }), fc.constant(null)),
  },
  { requiredKeys: [] },
);

const steps: fc.Arbitrary<Step[]> = fc.array(fc.record({ scope: fc.constantFrom(undefined, ...MODELS), change }), { maxLength: 12 });

const digits = fc.array(fc.nat(15), { minLength: 32, maxLength: 32 }).map((values) => values.map((value) => value.toString(16)).join(''));
const parent = fc.option(
  fc.record({ traceId: digits.filter((id) => !/^0+$/.test(id)), spanId: fc.constant('b7ad6b7169203331'), sampled: fc.boolean() }),
  { nil: undefined },
);
const call = fc.record({
  model: fc.constantFrom(undefined, ...MODELS, 'unknown'),
  parent,
  draw: fc.double({ min: 0, max: 1, noNaN: true, maxExcluded: true }),
});

function apply(settings: TraceSettings, list: readonly Step[]): void {
  for (const { scope, change: step } of list) settings.change(scope, step);
}

/** What was last given for this scope and field, unless it was taken back. */
function lastGiven<F extends keyof TraceValues>(list: readonly Step[], scope: Scope, field: F): TraceValues[F] | undefined {
  return list.filter((step) => step.scope === scope && step.change[field] !== undefined).at(-1)?.change[field] ?? undefined;
}

describe('TraceSettings', () => {
  it('says of every model what was last given for it, else what was last given for all, else what it began with', () => {
    fc.assert(
      fc.property(sampling, steps, (start, list) => {
        const settings = new TraceSettings(start, () => undefined);
        const initial = settings.read(undefined);
        apply(settings, list);
        for (const scope of [undefined, ...MODELS]) {
          const expected = FIELDS.map((field) => lastGiven(list, scope, field) ?? lastGiven(list, undefined, field) ?? initial[field]);
          const values = settings.read(scope);
          expect(FIELDS.map((field) => values[field])).toEqual(expected);
        }
      }),
    );
  });

  it('keeps exactly the calls that would be kept if their model were known at once, without an end to the traces', () => {
    fc.assert(
      fc.property(sampling, steps, fc.array(call, { maxLength: 8 }), (start, list, calls) => {
        const settings = new TraceSettings(start, () => undefined);
        const unlimited = list.map(({ scope, change: { count: _, ...rest } }) => ({ scope, change: rest }));
        apply(settings, unlimited);
        const { sampler } = settings;
        for (const { model, ...input } of calls) {
          const kept = sampler.admits(input.parent, input.draw) && (!sampler.settlesLater || sampler.settles(model, input));
          const { level, rate } = settings.read(model);
          const given =
            lastGiven(
              unlimited,
              MODELS.find((name) => name === model),
              'rate',
            ) ?? lastGiven(unlimited, undefined, 'rate');
          const ratio = given === undefined && !(start.ratio === 0 && !start.parentBased) ? start.ratio : 1 / rate;
          expect(kept).toBe(level !== 'OFF' && isSampled({ parentBased: start.parentBased, ratio }, input.parent, input.draw));
        }
      }),
    );
  });

  it('never keeps more calls of its own than there are traces to make, however they overlap', () => {
    const load = fc.record({ model: fc.constantFrom(...MODELS), overlap: fc.boolean() });
    fc.assert(
      fc.property(fc.nat(5), fc.array(load, { maxLength: 20 }), (count, calls) => {
        const settings = new TraceSettings({ parentBased: true, ratio: 1 }, () => undefined);
        settings.change(undefined, { count });
        const { sampler } = settings;
        const input = { parent: undefined, draw: 0.5 };
        const admitted: string[] = [];
        let kept = 0;
        for (const { model, overlap } of calls) {
          if (sampler.admits(undefined, input.draw)) admitted.push(model);
          if (!overlap) for (const each of admitted.splice(0)) kept += sampler.settles(each, input) ? 1 : 0;
        }
        for (const each of admitted) kept += sampler.settles(each, input) ? 1 : 0;
        expect([kept, settings.read(undefined).count]).toEqual([Math.min(count, calls.length), count - Math.min(count, calls.length)]);
      }),
    );
  });
});
