import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { Instruments } from '../../src/telemetry/instruments.js';
import { BoundHistogram } from '../../src/telemetry/metric.js';
import { findSamples, parseExposition } from '../support/exposition.js';

const observations = fc.array(fc.double({ min: 0, max: 100, noNaN: true }), { maxLength: 200 });
const bounds = fc.uniqueArray(fc.double({ min: 0, max: 50, noNaN: true }), { minLength: 1, maxLength: 20 });

describe('BoundHistogram', () => {
  it('has for each bound as many as a count by hand', () => {
    fc.assert(
      fc.property(bounds, observations, (unsorted, values) => {
        const sorted = Float64Array.from(unsorted).sort();
        const histogram = new BoundHistogram(sorted);
        for (const value of values) histogram.observe(value);
        const expected = [...sorted, Number.POSITIVE_INFINITY].map((bound) => values.filter((value) => value <= bound).length);
        expect(histogram.cumulative()).toEqual(expected);
      }),
    );
  });
});

describe('the exposition', () => {
  it('parses, and its sums, counts and +Inf buckets agree with what was observed', async () => {
    await fc.assert(
      fc.asyncProperty(observations, async (values) => {
        const instruments = new Instruments();
        const { queueSeconds } = instruments.model({ model: 'm', version: '1' });
        for (const value of values) queueSeconds.observe(value);
        const exposition = parseExposition(await instruments.metrics());
        const read = (name: string, labels = {}) => findSamples(exposition, `millrace_queue_seconds_${name}`, labels)[0]?.value;
        expect(read('count')).toBe(values.length);
        expect(read('bucket', { le: '+Inf' })).toBe(values.length);
        expect(read('sum')).toBeCloseTo(
          values.reduce((sum, value) => sum + value, 0),
          6,
        );
      }),
      { numRuns: 20 },
    );
  });
});
