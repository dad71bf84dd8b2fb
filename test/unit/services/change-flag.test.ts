import { describe, expect, it } from '@jest/globals';
import { ServingError } from '../../../src/error/serving-error.js';
import { CancelSource } from '../../../src/model/cancel-signal.js';
import { ChangeFlag } from '../../../src/services/change-flag.js';

const GONE = new ServingError('cancelled', 'gone');

describe('ChangeFlag', () => {
  it('wakes the waiter at the next change', async () => {
    const flag = new ChangeFlag();
    const waited = flag.wait(new CancelSource());
    flag.raise();
    await waited;
  });

  it('tells changes that came before the wait once, however many', async () => {
    const flag = new ChangeFlag();
    const signal = new CancelSource();
    flag.raise();
    flag.raise();
    await flag.wait(signal);
    const again = flag.wait(signal);
    signal.cancel(GONE);
    await expect(again).rejects.toBe(GONE);
  });

  it('rejects at once on a signal that is cancelled already', async () => {
    const signal = new CancelSource();
    signal.cancel(GONE);
    await expect(new ChangeFlag().wait(signal)).rejects.toBe(GONE);
  });
});
