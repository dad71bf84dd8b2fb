import { describe, expect, it } from '@jest/globals';
import { Handle } from '../../../src/registry/handle.js';

describe('Handle', () => {
  it('goes back once, however often it is disposed', () => {
    let back = 0;
    const id = { model: 'm', version: '1' };
    const handle = new Handle('servable', id, { takeBack: () => (back += 1) });
    expect([handle.servable, handle.id]).toEqual(['servable', id]);
    handle[Symbol.dispose]();
    handle[Symbol.dispose]();
    expect(back).toBe(1);
  });

  it('goes back at the end of its scope', () => {
    let back = 0;
    {
      using _handle = new Handle('servable', { model: 'm', version: '1' }, { takeBack: () => (back += 1) });
      expect(back).toBe(0);
    }
    expect(back).toBe(1);
  });
});
