import { setTimeout as pause } from 'node:timers/promises';
import { describe, expect, it } from '@jest/globals';
import { EventLoopDelay } from '../../../src/telemetry/event-loop-delay.js';
import { turns } from '../../support/event-loop.js';
import { eventually } from '../../support/eventually.js';

/** Holds the thread. */
function stall(milliseconds: number): void {
  for (const end = performance.now() + milliseconds; performance.now() < end; );
}

/** The first figures that there are. */
function read(delay: EventLoopDelay): Promise<ReadonlyMap<string, number>> {
  return eventually('a timer has come', () => {
    const figures = delay.read();
    return figures.size > 0 && figures;
  });
}

describe('EventLoopDelay', () => {
  it('tells the longest stall since it was read last, and no earlier one', async () => {
    const delay = new EventLoopDelay();
    try {
      await read(delay);
      // By then a timer of 10 ms has been due, and what comes late is measured from it.
      await pause(30);
      stall(500);
      await turns();
      const longest = delay.read().get('1');
      expect(longest).toBeGreaterThan(0.45);
      expect((await read(delay)).get('1')).toBeLessThan(longest ?? 0);
    } finally {
      delay.close();
    }
  });

  it('tells quantiles that ascend from 0 or more', async () => {
    const delay = new EventLoopDelay();
    try {
      const figures = await read(delay);
      expect([...figures.keys()]).toEqual(['0.5', '0.99', '0.999', '1']);
      const seconds = [...figures.values()];
      expect(seconds).toEqual([...seconds].sort((a, b) => a - b));
      expect(seconds[0]).toBeGreaterThanOrEqual(0);
    } finally {
      delay.close();
    }
  });

  it('tells nothing before the first timer', () => {
    const delay = new EventLoopDelay();
    expect(delay.read().size).toBe(0);
    delay.close();
    delay.close();
  });
});
