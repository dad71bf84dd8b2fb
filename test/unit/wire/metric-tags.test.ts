import { describe, expect, it } from '@jest/globals';
import { parseMetricTags } from '../../../src/wire/metric-tags.js';

describe('parseMetricTags', () => {
  it('reads names and values', () => {
    const tags = { team: 'vision', '2nd_Name': '', model: 'any "value"\n' };
    expect(parseMetricTags(tags)).toEqual(new Map(Object.entries(tags)));
  });

  it.each(['', '_own', 'with-dash', 'ä', 'a b', 'a'.repeat(129)])('refuses the name %j', (name) => {
    expect(() => parseMetricTags({ [name]: 'x' })).toThrow(/metric_tags has the name '.*', expected at most 128 letters, digits/);
  });

  it('bounds the tags and their values', () => {
    const tags = (count: number) => Object.fromEntries(Array.from({ length: count }, (_, at) => [`t${at}`, 'x']));
    expect(parseMetricTags({ ...tags(31), long: 'x'.repeat(512) }).size).toBe(32);
    expect(() => parseMetricTags(tags(33))).toThrow('metric_tags has 33 entries, expected at most 32');
    const text = "metric_tags has a value of 513 characters for 'long', expected at most 512";
    expect(() => parseMetricTags({ long: 'x'.repeat(513) })).toThrow(text);
  });
});
