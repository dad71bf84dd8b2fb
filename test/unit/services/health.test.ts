import { describe, expect, it } from '@jest/globals';
import { ServingError } from '../../../src/error/serving-error.js';
import {
  type HealthCheckResponse,
  type HealthListResponse,
  HealthCheckResponse_ServingStatus as ServingStatus,
} from '../../../src/gen/grpc/health/v1/health.js';
import type { Call, Method } from '../../../src/grpc/call.js';
import { type HealthSource, healthService } from '../../../src/services/health.js';
import { FakeHealthSource } from '../../support/fake-health-source.js';
import { FakeSendingCall } from '../../support/fake-sending-call.js';

const GONE = new ServingError('cancelled', 'gone');

function method<K extends Method['kind']>(source: HealthSource, name: string, kind: K): Extract<Method, { kind: K }> {
  const found = healthService(source).methods.find(({ path }) => path === `/grpc.health.v1.Health/${name}`);
  if (found?.kind !== kind) throw new Error(`no ${kind} method ${name}`);
  return found as Extract<Method, { kind: K }>;
}

async function turns(count: number): Promise<void> {
  for (let turn = 0; turn < count; turn += 1) await Promise.resolve();
}

const call: Call = new FakeSendingCall();

describe('Check', () => {
  it('tells the status', async () => {
    const { handle } = method(new FakeHealthSource({ '': 'serving', digits: 'not_serving' }), 'Check', 'unary');
    expect(await handle({ service: '' }, call)).toEqual({ status: ServingStatus.SERVING });
    expect(await handle({ service: 'digits' }, call)).toEqual({ status: ServingStatus.NOT_SERVING });
  });

  it('fails for an unknown service, naming it', async () => {
    const { handle } = method(new FakeHealthSource(), 'Check', 'unary');
    await expect(handle({ service: 'nope' }, call)).rejects.toMatchObject({
      code: 'model_not_found',
      message: expect.stringContaining("'nope'"),
    });
  });
});

describe('List', () => {
  it('tells every status', async () => {
    const { handle } = method(new FakeHealthSource({ '': 'serving', 'digits/2': 'not_serving' }), 'List', 'unary');
    const { statuses } = (await handle({}, call)) as HealthListResponse;
    expect(statuses).toEqual({ '': { status: ServingStatus.SERVING }, 'digits/2': { status: ServingStatus.NOT_SERVING } });
  });

  it('is bounded at 100 services', async () => {
    const many = (count: number) =>
      new FakeHealthSource(Object.fromEntries(Array.from({ length: count }, (_, at) => [`m${at}`, 'serving'])));
    const { statuses } = (await method(many(100), 'List', 'unary').handle({}, call)) as HealthListResponse;
    expect(Object.keys(statuses)).toHaveLength(100);
    await expect(method(many(101), 'List', 'unary').handle({}, call)).rejects.toMatchObject({ code: 'too_large' });
  });
});

describe('Watch', () => {
  function watch(source: FakeHealthSource, service: string) {
    const watching = new FakeSendingCall<HealthCheckResponse>();
    const done: Promise<void> = method(source, 'Watch', 'server_stream').handle({ service }, watching);
    return { watching, done, seen: () => watching.sent.map(({ status }) => status) };
  }

  it('tells the status now and then each change, until the client goes', async () => {
    const source = new FakeHealthSource({ digits: 'not_serving' });
    const { watching, done, seen } = watch(source, 'digits');
    await turns(5);
    source.set('digits', 'serving');
    await turns(5);
    source.set('other', 'serving');
    await turns(5);
    source.set('digits', 'not_serving');
    await turns(5);
    expect(seen()).toEqual([ServingStatus.NOT_SERVING, ServingStatus.SERVING, ServingStatus.NOT_SERVING]);
    watching.signal.cancel(GONE);
    await expect(done).rejects.toBe(GONE);
    expect(source.listeners.size).toBe(0);
  });

  it('of an unknown service says so and stays open until it comes to be known', async () => {
    const source = new FakeHealthSource();
    const { watching, done, seen } = watch(source, 'later');
    await turns(5);
    source.set('later', 'serving');
    await turns(5);
    expect(seen()).toEqual([ServingStatus.SERVICE_UNKNOWN, ServingStatus.SERVING]);
    watching.signal.cancel(GONE);
    await expect(done).rejects.toBe(GONE);
  });

  it('tells changes that come faster than the client reads as one', async () => {
    const source = new FakeHealthSource({ digits: 'serving' });
    let read = (): void => undefined;
    const watching = new FakeSendingCall<HealthCheckResponse>();
    watching.hold = new Promise((resolve) => {
      read = resolve;
    });
    const done: Promise<void> = method(source, 'Watch', 'server_stream').handle({ service: 'digits' }, watching);
    await turns(5);
    for (let change = 0; change < 1001; change += 1) source.set('digits', change % 2 === 0 ? 'not_serving' : 'serving');
    await turns(5);
    expect(watching.sent).toHaveLength(1);
    read();
    await turns(10);
    expect(watching.sent.map(({ status }) => status)).toEqual([ServingStatus.SERVING, ServingStatus.NOT_SERVING]);
    watching.signal.cancel(GONE);
    await expect(done).rejects.toBe(GONE);
  });
});

describe('health', () => {
  it('is let in whatever the load', () => {
    const { name, methods } = healthService(new FakeHealthSource());
    expect([name, methods.map(({ admission }) => admission)]).toEqual(['grpc.health.v1.Health', ['open', 'open', 'open']]);
  });
});
