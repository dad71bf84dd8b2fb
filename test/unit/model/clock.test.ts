import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { systemClock } from '../../../src/model/clock.js';

const DAY_MS = 24 * 60 * 60 * 1000;

describe('systemClock', () => {
  beforeEach(() => {
    jest.useFakeTimers();
  });

  afterEach(() => {
    jest.useRealTimers();
  });

  it('moves on with time', () => {
    const before = systemClock.now();
    jest.advanceTimersByTime(25);
    expect(systemClock.now() - before).toBe(25);
  });

  it('calls a task once its time has come', () => {
    const task = jest.fn();
    systemClock.after(10, task);
    jest.advanceTimersByTime(9);
    expect(task).toHaveBeenCalledTimes(0);
    jest.advanceTimersByTime(1_000);
    expect(task).toHaveBeenCalledTimes(1);
  });

  it('does not call a cancelled task', () => {
    const task = jest.fn();
    const cancel = systemClock.after(10, task);
    cancel();
    cancel();
    jest.advanceTimersByTime(100);
    expect(task).not.toHaveBeenCalled();
  });

  it('waits longer than one timer can', () => {
    const task = jest.fn();
    systemClock.after(60 * DAY_MS, task);
    jest.advanceTimersByTime(60 * DAY_MS - 1);
    expect(task).not.toHaveBeenCalled();
    jest.advanceTimersByTime(1);
    expect(task).toHaveBeenCalledTimes(1);
  });

  it('cancels a long wait in its later part', () => {
    const task = jest.fn();
    const cancel = systemClock.after(60 * DAY_MS, task);
    jest.advanceTimersByTime(50 * DAY_MS);
    cancel();
    jest.advanceTimersByTime(50 * DAY_MS);
    expect(task).not.toHaveBeenCalled();
  });

  it('keeps waiting where there is no end', () => {
    const task = jest.fn();
    const cancel = systemClock.after(Number.POSITIVE_INFINITY, task);
    jest.advanceTimersByTime(100 * DAY_MS);
    expect(task).not.toHaveBeenCalled();
    cancel();
  });
});
