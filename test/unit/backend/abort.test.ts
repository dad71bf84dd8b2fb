import { describe, expect, it } from '@jest/globals';
import { abortable, abortReason, delay } from '../../../src/backend/abort.js';
import { ServingError } from '../../../src/error/serving-error.js';
import { turns } from '../../support/event-loop.js';
import { ManualClock } from '../../support/manual-clock.js';

describe('abortReason', () => {
  it('keeps a ServingError and takes anything else for a cancelled call', () => {
    const draining = new ServingError('draining', 'x', { retryAfterMs: 1 });
    expect(abortReason(AbortSignal.abort(draining))).toBe(draining);
    expect(abortReason(AbortSignal.abort()).code).toBe('cancelled');
  });
});

describe('delay', () => {
  it('resolves when its time has come and not before', async () => {
    const clock = new ManualClock();
    let done = false;
    const waiting = delay(clock, 50, new AbortController().signal).then(() => {
      done = true;
    });
    clock.advance(49);
    await turns(1);
    expect(done).toBe(false);
    clock.advance(1);
    await waiting;
    expect(done).toBe(true);
  });

  it('rejects at once when the signal aborts, and leaves no timer', async () => {
    const clock = new ManualClock();
    const abort = new AbortController();
    const waiting = delay(clock, 50, abort.signal);
    abort.abort(new ServingError('deadline_exceeded', 'late'));
    await expect(waiting).rejects.toMatchObject({ code: 'deadline_exceeded' });
    await expect(delay(clock, 50, abort.signal)).rejects.toMatchObject({ code: 'deadline_exceeded' });
    expect(clock.pending).toBe(0);
  });
});

describe('abortable', () => {
  it('settles as the work does', async () => {
    const { signal } = new AbortController();
    const discarded: number[] = [];
    const discard = (late: number) => discarded.push(late);
    await expect(abortable(Promise.resolve(1), signal, discard)).resolves.toBe(1);
    await expect(abortable(Promise.reject(new Error('foreign')), signal, discard)).rejects.toMatchObject({ code: 'internal' });
    expect(discarded).toEqual([]);
  });

  it('rejects with the reason and discards what comes too late', async () => {
    const abort = new AbortController();
    const discarded: number[] = [];
    let finish: (value: number) => void = () => undefined;
    const work = new Promise<number>((resolve) => {
      finish = resolve;
    });
    const waiting = abortable(work, abort.signal, (late) => discarded.push(late));
    abort.abort();
    await expect(waiting).rejects.toMatchObject({ code: 'cancelled' });
    finish(7);
    await turns(1);
    expect(discarded).toEqual([7]);
  });

  it('rejects on a signal that had aborted before', async () => {
    const discarded: number[] = [];
    await expect(abortable(Promise.resolve(3), AbortSignal.abort(), (late) => discarded.push(late))).rejects.toMatchObject({
      code: 'cancelled',
    });
    await turns(1);
    expect(discarded).toEqual([3]);
  });
});
