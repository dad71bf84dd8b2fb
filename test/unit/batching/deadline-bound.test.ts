import { describe, expect, it } from '@jest/globals';
import { CostModel } from '../../../src/batching/cost-model.js';
import { costInTime, latestStart } from '../../../src/batching/deadline-bound.js';
import { queueView } from '../../support/queue-view.js';
import { learned } from '../../support/situation.js';

const NOW = 100;
const proportional = learned((rows) => 2 * rows, [1, 8, 32]);
const nearlyConstant = learned((rows) => 8 + rows / 8, [1, 8, 32]);
const view = (earliestDeadline?: number) => queueView([1, 1, 1, 1], NOW, earliestDeadline === undefined ? {} : { earliestDeadline });

describe('latestStart', () => {
  it('leaves the time that the batch takes', () => {
    expect(latestStart(view(NOW + 20), proportional, 4, NOW)).toBeCloseTo(NOW + 12);
  });

  it('is the deadline itself while nothing is known', () => {
    expect(latestStart(view(NOW + 20), new CostModel(), 4, NOW)).toBe(NOW + 20);
  });

  it('is never where there is no deadline, or none that can be met', () => {
    expect(latestStart(view(), proportional, 4, NOW)).toBe(Number.POSITIVE_INFINITY);
    expect(latestStart(view(NOW + 1), proportional, 4, NOW)).toBe(Number.POSITIVE_INFINITY);
  });
});

describe('costInTime', () => {
  it('is what was wanted where that is in time, or nothing is known', () => {
    expect(costInTime(view(NOW + 20), proportional, 8, false, NOW)).toBe(8);
    expect(costInTime(view(), proportional, 8, false, NOW)).toBe(8);
    expect(costInTime(view(NOW + 1), new CostModel(), 8, false, NOW)).toBe(8);
  });

  it('is what will be over in time', () => {
    expect(costInTime(view(NOW + 11), proportional, 8, false, NOW)).toBe(5);
    expect(costInTime(view(NOW + 11), proportional, 8, false, NOW + 4)).toBe(3);
  });

  it('lets who cannot make it even alone limit nobody', () => {
    expect(costInTime(view(NOW + 1), proportional, 8, false, NOW)).toBe(8);
  });

  it('gives up no half of the throughput for a deadline while more waits than one batch takes', () => {
    const soon = view(NOW + 9.01);
    expect(costInTime(soon, nearlyConstant, 32, false, NOW)).toBe(8);
    expect(costInTime(soon, nearlyConstant, 32, true, NOW)).toBe(32);
    expect(costInTime(view(NOW + 11), proportional, 8, true, NOW)).toBe(5);
  });

  it('never is less than one row', () => {
    const long = queueView([1, 1], NOW, { length: 10, earliestDeadline: NOW + 20.0001 });
    expect(costInTime(long, proportional, 20, false, NOW)).toBe(10);
  });
});
