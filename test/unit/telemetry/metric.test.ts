import { describe, expect, it } from '@jest/globals';
import { BoundHistogram, CounterFamily, HistogramFamily } from '../../../src/telemetry/metric.js';

describe('BoundHistogram', () => {
  it('counts a value that equals a bound in that bound, and one above all bounds in the last bucket', () => {
    const histogram = new BoundHistogram(Float64Array.of(1, 2, 4));
    for (const value of [0, 1, 1.5, 4, 5, 100]) histogram.observe(value);
    expect(histogram.cumulative()).toEqual([2, 3, 4, 6]);
    expect(histogram.sum).toBe(111.5);
  });
});

describe('HistogramFamily', () => {
  it('shows each child with its labels, its bounds, its sum and its count', async () => {
    const family = new HistogramFamily('rows', 'Rows', [1, 2]);
    family.bind({ model: 'm' }).observe(2);
    const { type, values } = await family.get();
    expect(type).toBe('histogram');
    expect(values.map(({ metricName, labels, sharedLabels, value }) => [metricName, labels['le'], sharedLabels, value])).toEqual([
      ['rows_bucket', 1, { model: 'm' }, 0],
      ['rows_bucket', 2, { model: 'm' }, 1],
      ['rows_bucket', '+Inf', { model: 'm' }, 1],
      ['rows_sum', undefined, { model: 'm' }, 2],
      ['rows_count', undefined, { model: 'm' }, 1],
    ]);
  });
});

describe('CounterFamily', () => {
  it('is declared while it has no child', async () => {
    expect(await new CounterFamily('calls_total', 'Calls').get()).toMatchObject({ name: 'calls_total', type: 'counter', values: [] });
  });

  it('adds one unless told otherwise, and shows a removed child no more', async () => {
    const family = new CounterFamily('calls_total', 'Calls');
    const kept = family.bind({ code: 'OK' });
    const removed = family.bind({ code: 'INTERNAL' });
    kept.add();
    kept.add(4);
    family.remove(removed);
    removed.add();
    const { values } = await family.get();
    expect(values.map(({ sharedLabels, value }) => [sharedLabels, value])).toEqual([[{ code: 'OK' }, 5]]);
  });
});
