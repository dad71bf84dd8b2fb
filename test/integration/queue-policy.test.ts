import { constants } from 'node:http2';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { FlagValues } from '../../src/config/load.js';
import { ModelInferRequest } from '../../src/gen/inference/infer.js';
import { InferRequest } from '../../src/gen/millrace/v1/inference.js';
import { eventually } from '../support/eventually.js';
import { frame, type RawCall, RawClient } from '../support/grpc-client.js';
import { INFER, identityModels, identityRequest, MODEL_INFER, oipRequest } from '../support/identity-model.js';
import { ModelDirectory } from '../support/model-directory.js';
import { RunningApp } from '../support/running-app.js';

const DEADLINE_EXCEEDED = 4;
const RESOURCE_EXHAUSTED = 8;
const UNAVAILABLE = 14;
const INFLIGHT = 'millrace_inflight_calls';
const EXPIRED = 'Request timeout expired';
/** Nothing ends by itself within a test. */
const STUCK_MS = 3_600_000;

let repository: ModelDirectory;

beforeAll(async () => {
  const models = {
    quick: {},
    hasty: { delayMs: STUCK_MS, config: 'dynamic_batching { default_queue_policy { default_timeout_microseconds: 250000 } }' },
    patient: {
      delayMs: STUCK_MS,
      config: 'dynamic_batching { default_queue_policy { default_timeout_microseconds: 3600000000 allow_timeout_override: true } }',
    },
    ranked: {
      delayMs: STUCK_MS,
      config: `dynamic_batching {
        priority_levels: 2 default_priority_level: 2
        priority_queue_policy { key: 1 value { max_queue_size: 1 } }
      }`,
    },
    wrong: { config: 'dynamic_batching { priority_levels: 2 default_priority_level: 3 }' },
  };
  repository = await ModelDirectory.create(identityModels(models));
});

afterAll(() => repository[Symbol.asyncDispose]());

function start(flags: FlagValues = {}): Promise<RunningApp> {
  return RunningApp.start({ modelRepository: [repository.path], drainTimeoutMs: '0', ...flags });
}

function open(client: RawClient, path: string, message: Uint8Array): RawCall {
  const call = client.open(path);
  call.stream.end(frame(message));
  return call;
}

/** A call that has the model's only instance. On a machine that is busy enough even the first may wait too long for it: then the next tries. */
async function occupy(app: RunningApp, client: RawClient, model: string): Promise<RawCall> {
  for (;;) {
    const call = open(client, INFER, identityRequest(model));
    const gaveUp = call.answer.then(() => true);
    if (!(await Promise.race([gaveUp, app.reaches(1, INFLIGHT).then(() => false)]))) return call;
  }
}

function oipWithTimeout(model: string, microseconds: bigint): Uint8Array {
  const message = ModelInferRequest.decode(oipRequest(model));
  const parameterChoice = { $case: 'int64Param', value: microseconds } as const;
  return ModelInferRequest.encode({ ...message, parameters: { timeout: { parameterChoice } } }).finish();
}

function urgent(model: string): Uint8Array {
  return InferRequest.encode({ ...InferRequest.decode(identityRequest(model)), priority: 1 }).finish();
}

describe('a model with a queue timeout', () => {
  it.each([
    ['grpc', DEADLINE_EXCEEDED],
    ['triton', UNAVAILABLE],
  ])('refuses who waited too long, on the OIP facade with the code that --status-codes %s says', async (statusCodes, status) => {
    await using app = await start({ statusCodes });
    await using client = await RawClient.connect(app.address);
    await occupy(app, client, 'hasty');
    expect(await client.call(MODEL_INFER, oipRequest('hasty'))).toMatchObject({ status, text: EXPIRED });
    expect(await client.call(INFER, identityRequest('hasty'))).toMatchObject({ status: DEADLINE_EXCEEDED, text: EXPIRED });
  });

  it('takes a shorter one from the request parameter where the policy allows it', async () => {
    await using app = await start({ statusCodes: 'triton' });
    await using client = await RawClient.connect(app.address);
    await occupy(app, client, 'patient');
    const answer = await client.call(MODEL_INFER, oipWithTimeout('patient', 1000n));
    expect(answer).toMatchObject({ status: UNAVAILABLE, text: EXPIRED });
  });
});

describe('a model with priority levels', () => {
  it('runs what is urgent first, though it came later, and bounds its level', async () => {
    await using app = await start();
    await using client = await RawClient.connect(app.address);
    const running = await occupy(app, client, 'ranked');
    const calls = [open(client, INFER, identityRequest('ranked')), open(client, INFER, urgent('ranked'))];
    await app.reaches(3, INFLIGHT);
    const full = { status: RESOURCE_EXHAUSTED, text: 'Exceeds maximum queue size of 1' };
    expect(await client.call(INFER, urgent('ranked'))).toMatchObject(full);

    // The urgent one gets the instance: its level has room again, which it would not have had the other one gone first.
    running.stream.close(constants.NGHTTP2_CANCEL);
    await eventually('the level has room', async () => {
      const call = open(client, INFER, urgent('ranked'));
      calls.push(call);
      let refused = false;
      void call.answer.then(() => {
        refused = true;
      });
      // Its answer has a longer way than a refusal's.
      await client.call(INFER, identityRequest('quick'));
      return !refused;
    });
    for (const call of calls) call.stream.close(constants.NGHTTP2_CANCEL);
    await app.reaches(0, INFLIGHT);
  });
});

describe('a model whose priorities contradict each other', () => {
  it('fails its load and says which field is wrong', async () => {
    await using app = await start();
    expect(String(app.log)).toContain('dynamic_batching.default_priority_level is 3');
  });
});
