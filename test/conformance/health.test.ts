import { describe, expect, it } from '@jest/globals';
import { HealthImplementation } from 'grpc-health-check';
import { HealthCheckRequest, HealthCheckResponse, HealthListResponse } from '../../src/gen/grpc/health/v1/health.js';
import { type HealthStatus, healthService } from '../../src/services/health.js';
import { FakeHealthSource } from '../support/fake-health-source.js';
import { RawClient, unframe } from '../support/grpc-client.js';
import { startServer, until } from '../support/grpc-server.js';
import { startPlainServer } from '../support/plain-grpc-server.js';

const HEALTH = '/grpc.health.v1.Health';
const UPSTREAM = { serving: 'SERVING', not_serving: 'NOT_SERVING', unknown: 'UNKNOWN' } as const satisfies Record<HealthStatus, string>;

const asking = (service: string) => HealthCheckRequest.encode({ service }).finish();

/** Both implementations over the same statuses. */
async function both(statuses: Readonly<Record<string, 'serving' | 'not_serving'>>) {
  const source = new FakeHealthSource(statuses);
  const upstream = new HealthImplementation(Object.fromEntries(Object.entries(statuses).map(([name, status]) => [name, UPSTREAM[status]])));
  const ours = await startServer([healthService(source)]);
  const theirs = await startPlainServer(upstream);
  const clients = [await RawClient.connect(ours.address), await RawClient.connect(theirs.address)] as const;
  const dispose = async () => {
    for (const open of [...clients, ours, theirs]) await open[Symbol.asyncDispose]();
  };
  const set = (service: string, status: 'serving' | 'not_serving') => {
    source.set(service, status);
    upstream.setStatus(service, UPSTREAM[status]);
  };
  return { clients, set, [Symbol.asyncDispose]: dispose };
}

const MANY = (count: number) => Object.fromEntries(Array.from({ length: count }, (_, at) => [`model-${at}`, 'serving' as const]));

describe('grpc.health.v1.Health answers as grpc-health-check does', () => {
  it.each(['', 'digits', 'digits/2', 'nope', 'ünknown'])('Check %j', async (service) => {
    await using it = await both({ '': 'serving', digits: 'not_serving', 'digits/2': 'serving' });
    const [ours, theirs] = await Promise.all(it.clients.map((client) => client.call(`${HEALTH}/Check`, asking(service))));
    expect([ours?.status, ours?.messages]).toEqual([theirs?.status, theirs?.messages]);
  });

  it.each([0, 3, 100, 101])('List of %d services', async (count) => {
    await using it = await both(MANY(count));
    const [ours, theirs] = await Promise.all(it.clients.map((client) => client.call(`${HEALTH}/List`, '')));
    expect(ours?.status).toBe(theirs?.status);
    const decoded = [ours, theirs].map((answer) => answer?.messages.map((bytes) => HealthListResponse.decode(bytes)));
    expect(decoded[0]).toEqual(decoded[1]);
  });

  it.each(['', 'digits', 'nope'])('Watch %j, through changes', async (service) => {
    await using it = await both({ '': 'serving', digits: 'not_serving' });
    const watches = it.clients.map((client) => {
      const call = client.open(`${HEALTH}/Watch`);
      let received = Buffer.alloc(0);
      call.stream.on('data', (chunk: Buffer) => {
        received = Buffer.concat([received, chunk]);
      });
      call.send(asking(service));
      call.stream.end();
      return { call, seen: () => unframe(received).map((bytes) => HealthCheckResponse.decode(bytes).status) };
    });
    const told = (count: number) => until(() => watches.every(({ seen }) => seen().length === count));
    await told(1);
    const before = watches.map(({ seen }) => seen()[0]);
    for (const [at, status] of (['not_serving', 'serving', 'not_serving', 'serving'] as const).slice(before[0] === 2 ? 1 : 0).entries()) {
      it.set(service, status);
      await told(at + 2);
    }
    expect(watches[0]?.seen()).toEqual(watches[1]?.seen());
    expect(watches.map(({ call }) => call.stream.closed)).toEqual([false, false]);
  });
});
