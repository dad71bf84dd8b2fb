import { describe, expect, it } from '@jest/globals';
import { explainCap } from '../../../src/batching/batch-cap.js';
import { BatchingSimulation } from '../../support/batching-simulation.js';
import { situation } from '../../support/situation.js';

const proportional = (rows: number) => 2 * rows;
const nearlyConstant = (rows: number) => 8 + rows / 10;
const ONE_BY_ONE = { mode: 'fixed', maxBatchSize: 1 } as const;
const AS_IT_COMES = { mode: 'fixed' } as const;

describe.each([1, 2, 3])('the learned policy, in a simulation seeded with %d', (seed) => {
  it('is as good as no batching where time is in proportion to the rows', () => {
    const settings = { callers: 64, executeMs: proportional, rows: 12_000, seed };
    const learned = new BatchingSimulation({ ...settings, limits: {} }).run();
    const unbatched = new BatchingSimulation({ ...settings, limits: ONE_BY_ONE }).run();
    expect(learned.rowsPerMs / unbatched.rowsPerMs).toBeGreaterThanOrEqual(0.97);
    expect(learned.latencyAt(0.99) / unbatched.latencyAt(0.99)).toBeLessThanOrEqual(1.2);
    expect(explainCap(learned.costs, situation({ maxBatchSize: 32 }).limits).cap).toBeLessThanOrEqual(4);
  });

  it('is as good as full batches where a batch takes hardly more than a row', () => {
    const settings = { callers: 64, executeMs: nearlyConstant, rows: 12_000, seed };
    const learned = new BatchingSimulation({ ...settings, limits: {} }).run();
    const full = new BatchingSimulation({ ...settings, limits: AS_IT_COMES }).run();
    expect(learned.rowsPerMs / full.rowsPerMs).toBeGreaterThanOrEqual(0.95);
  });

  it('fills its batches where more callers wait than fit', () => {
    const { batches } = new BatchingSimulation({ callers: 128, executeMs: (rows) => 5 + rows / 20, rows: 20_000, limits: {}, seed }).run();
    const rows = batches.reduce((sum, batch) => sum + batch.rows, 0);
    expect(rows / batches.length / 32).toBeGreaterThanOrEqual(0.92);
  });

  it('never lets a lone caller wait', () => {
    const settings = { callers: 1, executeMs: nearlyConstant, rows: 1000, seed };
    const learned = new BatchingSimulation({ ...settings, limits: {} }).run();
    const unbatched = new BatchingSimulation({ ...settings, limits: ONE_BY_ONE }).run();
    expect(learned.latencyAt(0.5) / unbatched.latencyAt(0.5)).toBeLessThanOrEqual(1.05);
    expect(learned.latencyAt(0.99) / unbatched.latencyAt(0.99)).toBeLessThanOrEqual(1.15);
  });

  it('keeps its batches within half the latency target', () => {
    const settings = { callers: 40, executeMs: (rows: number) => 2 + rows, rows: 8000, seed };
    const bounded = new BatchingSimulation({ ...settings, limits: { latencyTargetMs: 40 } }).run();
    const half = bounded.batches.slice(bounded.batches.length / 2);
    expect(Math.max(...half.filter(({ reason }) => reason !== 'probe').map(({ rows }) => rows))).toBeLessThanOrEqual(20);
    expect(half.map(({ reason }) => reason)).toContain('latency_target');
  });
});
