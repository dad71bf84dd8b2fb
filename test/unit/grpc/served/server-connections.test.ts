import { describe, expect, it } from '@jest/globals';
import type { ServingError } from '../../../../src/error/serving-error.js';
import type { Admission } from '../../../../src/grpc/call.js';
import type { RosterCall } from '../../../../src/grpc/served/call-roster.js';
import { jittered, type ServerConnection, ServerConnections } from '../../../../src/grpc/served/server-connections.js';

class FakeConnection implements ServerConnection {
  leaving = false;
  retired = 0;
  destroyed = 0;

  retire(): void {
    this.retired += 1;
  }

  destroy(): void {
    this.destroyed += 1;
  }
}

class FakeCall implements RosterCall {
  readonly lasting = true;
  readonly admission: Admission;
  readonly reasons: string[] = [];

  constructor(admission: Admission) {
    this.admission = admission;
  }

  abandon(reason: ServingError): void {
    this.reasons.push(reason.message);
  }
}

const NEVER = new AbortController().signal;
const settled = () => new Promise((resolve) => setImmediate(resolve));

describe('ServerConnections', () => {
  it('drain at once where there is no connection', async () => {
    await expect(new ServerConnections().drain(NEVER)).resolves.toBeUndefined();
  });

  it('send every client away, those included that come later, and wait for the last to go', async () => {
    const connections = new ServerConnections();
    const [early, late] = [new FakeConnection(), new FakeConnection()];
    connections.add(early);
    let isDrained = false;
    const drained = connections.drain(NEVER).then(() => {
      isDrained = true;
    });
    connections.add(late);
    expect([early.retired, late.retired, [...connections]]).toEqual([1, 1, [early, late]]);
    connections.forget(early);
    await settled();
    expect(isDrained).toBe(false);
    connections.forget(late);
    await drained;
  });

  it('wait no longer than the signal says', async () => {
    const connections = new ServerConnections();
    connections.add(new FakeConnection());
    const stop = new AbortController();
    const drained = connections.drain(stop.signal);
    stop.abort();
    await drained;
    await connections.drain(stop.signal);
  });

  it('destroy all when closed, those included that come later', () => {
    const connections = new ServerConnections();
    const [early, late] = [new FakeConnection(), new FakeConnection()];
    connections.add(early);
    connections.close();
    connections.add(late);
    expect([early.destroyed, late.destroyed, connections.roster.closing]).toEqual([1, 1, true]);
  });

  it('end idle and open streams of a drain, but only once no connection can bring another call', async () => {
    const connections = new ServerConnections();
    const connection = new FakeConnection();
    connections.add(connection);
    const [busy, idle, open] = [new FakeCall('inference'), new FakeCall('inference'), new FakeCall('open')];
    for (const call of [busy, idle, open]) connections.roster.enter(call);
    connections.roster.rest(idle, true);
    connections.left();
    void connections.drain(NEVER);
    connections.left();
    await settled();
    expect([busy.reasons, idle.reasons, open.reasons]).toEqual([[], [], []]);
    connection.leaving = true;
    connections.left();
    await settled();
    expect([busy.reasons, idle.reasons, open.reasons]).toEqual([[], ['the server is draining'], []]);
    connections.roster.leave(idle);
    connections.roster.leave(busy);
    expect(open.reasons).toEqual(['the server is draining']);
    connections.forget(connection);
  });
});

describe('jittered', () => {
  it('stays within a tenth', () => {
    expect([jittered(1000, 0), jittered(1000, 0.5), jittered(Infinity, 0.3)]).toEqual([900, 1000, Infinity]);
    expect(jittered(1000, 0.999_999)).toBeLessThan(1100);
  });
});
