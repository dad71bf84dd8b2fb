import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { CallLoad } from '../support/call-load.js';
import { eventually } from '../support/eventually.js';
import { frame, RawClient } from '../support/grpc-client.js';
import { HealthWatch } from '../support/health-watch.js';
import {
  INFER,
  INFER_STREAM,
  identityModels,
  identityRequest,
  identityRow,
  identityRows,
  inferRequest,
  isFinal,
  rawTensor,
  streamedRows,
} from '../support/identity-model.js';
import { ModelDirectory } from '../support/model-directory.js';
import { EXAMPLE_MODELS } from '../support/running-app.js';
import { ServerProcess } from '../support/server-process.js';

const OK = 0;
const UNAVAILABLE = 14;
/** The release check asks for 20. */
const ROUNDS = Number(process.env['MILLRACE_DRAIN_ROUNDS'] ?? 3);
const CONNECTIONS = 4;
const CALLERS = 8;

let repository: ModelDirectory;

beforeAll(async () => {
  repository = await ModelDirectory.create(
    identityModels({
      quick: {},
      brief: { delayMs: 20, maxBatchSize: 8 },
      rows: { delayMs: 15, maxBatchSize: 1 },
      stuck: { delayMs: 3_600_000 },
    }),
  );
});

afterAll(() => repository[Symbol.asyncDispose]());

function serve(...args: string[]): Promise<ServerProcess> {
  return ServerProcess.start(['--model-repository', repository.path, ...args]);
}

const digit = inferRequest(
  'digits',
  rawTensor(
    'image',
    [1, 64],
    Array.from({ length: 64 }, (_, at) => at % 16),
  ),
);

describe('SIGTERM under load', () => {
  it.each(Array.from({ length: ROUNDS }, (_, at) => at + 1))(
    'loses no accepted call and ends with 0 (round %i)',
    async () => {
      const models = ['--model-control-mode', 'explicit', '--load-model', 'digits', '--load-model', 'brief'];
      await using server = await serve('--model-repository', EXAMPLE_MODELS, ...models);
      const start = (message: Uint8Array) => () => CallLoad.start(server.address, INFER, message, CALLERS);
      const pairs = Array.from({ length: CONNECTIONS / 2 }, () => [start(digit), start(identityRow('brief'))]);
      const loads = await Promise.all(pairs.flat().map((open) => open()));
      await eventually('every connection is under load', () => loads.every(({ calls }) => calls.length > 2 * CALLERS));
      const before = loads.map(({ calls }) => calls.length);
      server.kill('SIGTERM');
      expect(await server.exited).toBe(0);
      await Promise.all(loads.map(({ ended }) => ended));

      const failed = loads.flatMap(({ accepted }) => accepted.filter(({ status }) => status !== OK));
      expect(failed).toEqual([]);
      // The load held on into the drain, and every connection was told its last stream.
      for (const [at, { accepted }] of loads.entries()) expect(accepted.length).toBeGreaterThan(before[at] ?? 0);
      expect(server.log.first('draining')?.['inflight']).toBeGreaterThan(0);
      expect(server.log.first('drained')).toMatchObject({ cutShort: false });
      expect(server.log.all('call_failed')).toEqual([]);
      expect(server.log.noise).toEqual([]);
    },
    30_000,
  );
});

describe('a drain', () => {
  it('says NOT_SERVING before it sends clients away, and is not held up by those who watch', async () => {
    await using server = await serve();
    await using client = await RawClient.connect(server.address);
    const watches = ['', 'quick', 'millrace.v1.InferenceService'].map((service) => new HealthWatch(client, service));
    await eventually('SERVING is heard', () => watches.every(({ heard }) => heard.length === 1));
    server.kill('SIGTERM');
    expect(await server.exited).toBe(0);
    for (const { heard, answer } of watches) {
      expect(heard.slice(0, 3)).toEqual(['SERVING', 'NOT_SERVING', 'GOAWAY']);
      expect(await answer).toMatchObject({ status: UNAVAILABLE, text: 'the server is draining' });
    }
    expect(server.log.first('stopping')).toMatchObject({ signal: 'SIGTERM' });
  });

  it('takes new calls and connections for --drain-grace-ms, while it says NOT_SERVING', async () => {
    const graceMs = 700;
    await using server = await serve('--drain-grace-ms', String(graceMs));
    await using client = await RawClient.connect(server.address);
    const watch = new HealthWatch(client);
    await eventually('SERVING is heard', () => watch.heard.length === 1);
    const signalledAt = performance.now();
    server.kill('SIGTERM');
    await eventually('NOT_SERVING is heard', () => watch.heard.includes('NOT_SERVING'));
    expect((await fetch(`http://${server.admin}/readyz`)).status).toBe(503);
    expect((await fetch(`http://${server.admin}/livez`)).status).toBe(200);
    {
      await using late = await RawClient.connect(server.address);
      expect(await late.call(INFER, identityRequest('quick'))).toMatchObject({ status: OK });
    }
    expect(await client.call(INFER, identityRequest('quick'))).toMatchObject({ status: OK });
    expect(watch.heard).toEqual(['SERVING', 'NOT_SERVING']);
    await eventually('GOAWAY is heard', () => watch.heard.includes('GOAWAY'));
    expect(performance.now() - signalledAt).toBeGreaterThanOrEqual(graceMs);
    await expect(RawClient.connect(server.address)).rejects.toThrow();
    expect(await server.exited).toBe(0);
  });

  it('lets an open stream come to its end', async () => {
    await using server = await serve();
    await using client = await RawClient.connect(server.address);
    const call = client.open(INFER_STREAM);
    call.stream.end(frame(identityRows('rows', 60, 1)));
    let received = 0;
    call.stream.on('data', () => (received += 1));
    await eventually('the stream has begun', () => received > 0);
    server.kill('SIGINT');
    const { status, messages } = await call.answer;
    expect(status).toBe(OK);
    expect(streamedRows(messages)).toEqual(Array.from({ length: 60 }, (_, row) => row));
    expect(messages.filter(isFinal)).toEqual(messages.slice(-1));
    expect(await server.exited).toBe(0);
    expect(server.log.first('stopping')).toMatchObject({ signal: 'SIGINT' });
  });

  it('that --drain-timeout-ms cuts short ends with 1 and says so', async () => {
    await using server = await serve('--drain-timeout-ms', '200');
    await using client = await RawClient.connect(server.address);
    const call = client.call(INFER, identityRequest('stuck'));
    const other = client.call(INFER, identityRequest('quick'));
    expect(await other).toMatchObject({ status: OK });
    server.kill('SIGTERM');
    expect(await server.exited).toBe(1);
    expect(await call).not.toMatchObject({ status: OK });
    expect(server.log.first('drained')).toMatchObject({ cutShort: true });
  });

  it('is cut short by a second signal', async () => {
    await using server = await serve();
    await using client = await RawClient.connect(server.address);
    const call = client.call(INFER, identityRequest('stuck'));
    expect(await client.call(INFER, identityRequest('quick'))).toMatchObject({ status: OK });
    server.kill('SIGTERM');
    await server.logged('draining');
    server.kill('SIGTERM');
    expect(await server.exited).toBe(1);
    expect(await call).not.toMatchObject({ status: OK });
  });

  it('with nobody there ends at once', async () => {
    await using server = await serve();
    server.kill('SIGTERM');
    expect(await server.exited).toBe(0);
  });

  it('that begins while models load ends with 0', async () => {
    await using server = ServerProcess.spawn(['--model-repository', EXAMPLE_MODELS, '--load-parallelism', '1']);
    await server.logged('model_ready');
    server.kill('SIGTERM');
    expect(await server.exited).toBe(0);
    expect(server.log.first('ready')).toBeUndefined();
  });
});
