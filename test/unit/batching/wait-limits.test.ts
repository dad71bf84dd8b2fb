import { describe, expect, it } from '@jest/globals';
import { Entry } from '../../../src/batching/entry.js';
import { WaitLimits } from '../../../src/batching/wait-limits.js';
import { callContext } from '../../support/call-context.js';

describe('WaitLimits', () => {
  it('is empty again once all have left, and does not mind who was never there', () => {
    const limits = new WaitLimits();
    const [entry, stranger] = [0, 1].map(() => new Entry({ inputs: [], rows: 1, key: '' }, callContext(), 0));
    if (entry === undefined || stranger === undefined) throw new RangeError('two entries');
    limits.add({ entry, at: 5, action: 'delay' });
    limits.remove(stranger);
    expect(limits.earliest).toMatchObject({ entry, at: 5, action: 'delay' });
    limits.remove(entry);
    expect([limits.size, limits.earliest]).toEqual([0, undefined]);
  });
});
