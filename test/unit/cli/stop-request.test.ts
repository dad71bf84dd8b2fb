import { describe, expect, it } from '@jest/globals';
import { StopRequest } from '../../../src/cli/stop-request.js';
import { FakeIo } from '../../support/fake-io.js';

describe('StopRequest', () => {
  it('tells the first signal from the second and lets later ones pass', async () => {
    const io = new FakeIo();
    using stop = new StopRequest(io);
    expect(stop.signal.aborted).toBe(false);
    io.signal('SIGTERM');
    expect(stop.signal.aborted).toBe(true);
    expect(await stop.first).toBe('SIGTERM');
    io.signal('SIGINT');
    io.signal('SIGTERM');
    expect(await stop.second).toBe('SIGINT');
  });

  it('listens no longer once disposed', () => {
    const io = new FakeIo();
    {
      using stop = new StopRequest(io);
      expect([io.handlers, stop.signal.aborted]).toEqual([1, false]);
    }
    expect(io.handlers).toBe(0);
  });
});
