import { constants } from 'node:http2';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { FlagValues } from '../../src/config/load.js';
import { ErrorInfo, RetryInfo } from '../../src/gen/google/rpc/error_details.js';
import { Status } from '../../src/gen/google/rpc/status.js';
import { eventually } from '../support/eventually.js';
import { frame, type GrpcAnswer, type RawCall, RawClient } from '../support/grpc-client.js';
import { INFER, identityModels, identityRequest, identityRow, MODEL_INFER, oipRequest } from '../support/identity-model.js';
import { ModelDirectory } from '../support/model-directory.js';
import { RunningApp } from '../support/running-app.js';

const OK = 0;
const RESOURCE_EXHAUSTED = 8;
const UNAVAILABLE = 14;
const HEALTH_CHECK = '/grpc.health.v1.Health/Check';
const INFLIGHT = 'millrace_inflight_calls';
const QUEUED_BYTES = 'millrace_queued_bytes';
const SHED = 'millrace_shed_total';

let repository: ModelDirectory;

beforeAll(async () => {
  const models = {
    quick: {},
    // Nothing of it ends by itself within a test.
    stuck: { delayMs: 3_600_000 },
    short: { delayMs: 3_600_000, maxBatchSize: 1, config: 'dynamic_batching { default_queue_policy { max_queue_size: 2 } }' },
  };
  repository = await ModelDirectory.create(identityModels(models));
});

afterAll(() => repository[Symbol.asyncDispose]());

function start(flags: FlagValues): Promise<RunningApp> {
  return RunningApp.start({ modelRepository: [repository.path], drainTimeoutMs: '0', ...flags });
}

/** Calls that are inside and stay there until they are cancelled. */
function occupy(client: RawClient, count: number, message: Uint8Array): RawCall[] {
  return Array.from({ length: count }, () => {
    const call = client.open(INFER);
    call.stream.end(frame(message));
    return call;
  });
}

function cancel(call: RawCall | undefined): void {
  call?.stream.close(constants.NGHTTP2_CANCEL);
}

interface Refusal {
  readonly reason: string;
  /** Undefined where there is no RetryInfo. */
  readonly retryMs: number | undefined;
  /** `grpc-retry-pushback-ms`. */
  readonly pushbackMs: number | undefined;
}

function refusalOf({ headers, trailers }: GrpcAnswer): Refusal {
  const end = trailers['grpc-status'] === undefined ? headers : trailers;
  const { details } = Status.decode(Buffer.from(String(end['grpc-status-details-bin']), 'base64'));
  const find = (type: string) => details.find(({ typeUrl }) => typeUrl === `type.googleapis.com/google.rpc.${type}`)?.value;
  const info = find('ErrorInfo');
  const retry = find('RetryInfo');
  const delay = retry === undefined ? undefined : RetryInfo.decode(retry).retryDelay;
  const pushback = end['grpc-retry-pushback-ms'];
  return {
    reason: info === undefined ? '' : ErrorInfo.decode(info).reason,
    retryMs: delay === undefined ? undefined : Number(delay.seconds) * 1000 + delay.nanos / 1e6,
    pushbackMs: pushback === undefined ? undefined : Number(pushback),
  };
}

describe('a server with --max-inflight 4', () => {
  it('refuses the fifth call on its headers, tells when to come back, and takes it once another has left', async () => {
    await using app = await start({ maxInflight: '4' });
    await using client = await RawClient.connect(app.address);
    const inside = occupy(client, 4, identityRequest('stuck'));
    await app.reaches(4, INFLIGHT);

    // Not a byte of its body is ever sent.
    const refused = await client.open(INFER).answer;
    expect(refused).toMatchObject({ status: RESOURCE_EXHAUSTED, text: "4 calls are in flight, which is this server's limit" });
    const { reason, retryMs, pushbackMs } = refusalOf(refused);
    expect(reason).toBe('overloaded');
    expect(retryMs).toBeGreaterThan(0);
    expect(pushbackMs).toBe(retryMs);
    expect(await app.total(SHED, { cause: 'inflight' })).toBe(1);
    expect(await app.total(INFLIGHT)).toBe(4);

    cancel(inside.pop());
    await app.reaches(3, INFLIGHT);
    expect(await client.call(INFER, identityRequest('quick'))).toMatchObject({ status: OK });
    for (const call of inside) cancel(call);
    await app.reaches(0, INFLIGHT);
  });

  it('still answers whether it is well', async () => {
    await using app = await start({ maxInflight: '1' });
    await using client = await RawClient.connect(app.address);
    const [inside] = occupy(client, 1, identityRequest('stuck'));
    await app.reaches(1, INFLIGHT);
    expect(await client.call(HEALTH_CHECK, '')).toMatchObject({ status: OK });
    expect(await app.page('/readyz')).toMatchObject({ status: 200 });
    cancel(inside);
  });
});

describe('a server with --max-queued-bytes 4096', () => {
  const THREE_KIB = Array.from({ length: 768 }, () => 1);

  it('refuses what does not fit now with a hint, what never fits without one, and gives every byte back', async () => {
    await using app = await start({ maxQueuedBytes: '4096' });
    await using client = await RawClient.connect(app.address);
    const [inside] = occupy(client, 1, identityRequest('stuck', THREE_KIB));
    await app.reaches(3072, QUEUED_BYTES);

    const later = await client.call(INFER, identityRequest('quick', THREE_KIB));
    expect(later).toMatchObject({
      status: RESOURCE_EXHAUSTED,
      text: 'requests of 3072 bytes are queued; 3072 more exceed the limit of 4096',
    });
    expect(refusalOf(later)).toMatchObject({ reason: 'overloaded', retryMs: refusalOf(later).pushbackMs });
    expect(refusalOf(later).retryMs).toBeGreaterThan(0);

    const never = await client.call(INFER, identityRequest('quick', [...THREE_KIB, ...THREE_KIB]));
    expect(never).toMatchObject({
      status: RESOURCE_EXHAUSTED,
      text: 'the request holds 6144 bytes, more than the 4096 that this server queues in all',
    });
    expect(refusalOf(never)).toEqual({ reason: 'too_large', retryMs: undefined, pushbackMs: undefined });
    expect(await app.total(SHED, { cause: 'queued_bytes' })).toBe(2);

    expect(await client.call(INFER, identityRequest('quick', [1]))).toMatchObject({ status: OK });
    cancel(inside);
    await app.reaches(0, QUEUED_BYTES);
    expect(await client.call(INFER, identityRequest('quick', THREE_KIB))).toMatchObject({ status: OK });
    expect(await app.total(QUEUED_BYTES)).toBe(0);
  });
});

describe('a model with max_queue_size 2', () => {
  it.each([
    ['grpc', RESOURCE_EXHAUSTED],
    ['triton', UNAVAILABLE],
  ])('refuses the third call that would wait (--status-codes %s on the OIP facade: %i)', async (statusCodes, oipStatus) => {
    await using app = await start({ statusCodes });
    await using client = await RawClient.connect(app.address);
    const inside = occupy(client, 1, identityRow('short', [1]));
    await app.reaches(1, 'millrace_pool_leases_total', { model: 'short' });
    inside.push(...occupy(client, 2, identityRow('short', [2])));
    await app.reaches(12, QUEUED_BYTES);

    const refused = await client.call(INFER, identityRow('short', [3]));
    expect(refused).toMatchObject({ status: RESOURCE_EXHAUSTED, text: 'Exceeds maximum queue size of 2' });
    expect(refusalOf(refused)).toMatchObject({ reason: 'overloaded', retryMs: refusalOf(refused).pushbackMs });
    expect(refusalOf(refused).retryMs).toBeGreaterThan(0);
    const oip = await client.call(MODEL_INFER, oipRequest('short', [4], [1, 1]));
    expect(oip).toMatchObject({ status: oipStatus, text: 'Exceeds maximum queue size of 2' });
    expect(await app.total(SHED, { cause: 'queue_full' })).toBe(2);

    // Others are served, and one who leaves makes room.
    expect(await client.call(INFER, identityRequest('quick'))).toMatchObject({ status: OK });
    cancel(inside.pop());
    await app.reaches(8, QUEUED_BYTES);
    inside.push(...occupy(client, 1, identityRow('short', [5])));
    await app.reaches(12, QUEUED_BYTES);
    for (const call of inside) cancel(call);
    await app.reaches(0, QUEUED_BYTES);
    await app.reaches(0, INFLIGHT);
  });
});

describe('a server with --max-connections 1', () => {
  it('closes the second connection at once, counts it, and takes another when the first has gone', async () => {
    await using app = await start({ maxConnections: '1' });
    {
      await using _first = await RawClient.connect(app.address);
      await expect(RawClient.connect(app.address)).rejects.toThrow();
      await app.reaches(1, SHED, { cause: 'connections' });
    }
    await using again = await eventually('a connection is accepted', () => RawClient.connect(app.address).catch(() => undefined));
    expect(await again.call(INFER, identityRequest('quick'))).toMatchObject({ status: OK });
  });
});

describe('a server with --max-connections-per-peer', () => {
  it('1 closes the second connection of a peer at once, and counts it', async () => {
    await using app = await start({ maxConnectionsPerPeer: '1' });
    await using first = await RawClient.connect(app.address);
    await expect(RawClient.connect(app.address)).rejects.toThrow();
    await app.reaches(1, SHED, { cause: 'connections' });
    expect(await first.call(INFER, identityRequest('quick'))).toMatchObject({ status: OK });
  });

  it('0 lets a peer have as many as there may be', async () => {
    await using app = await start({ maxConnectionsPerPeer: '0', maxConnections: '3' });
    await using _first = await RawClient.connect(app.address);
    await using _second = await RawClient.connect(app.address);
    await using third = await RawClient.connect(app.address);
    expect(await third.call(INFER, identityRequest('quick'))).toMatchObject({ status: OK });
  });
});
