import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { CONFORMANCE_MODELS, conformanceModels, FEW_MODELS } from '../support/conformance-models.js';
import { GrpcProxy } from '../support/grpc-proxy.js';
import { ModelDirectory } from '../support/model-directory.js';
import { FAULTS } from '../support/oip-faults/all-faults.js';
import type { Fault } from '../support/oip-faults/fault.js';
import { RunningApp } from '../support/running-app.js';
import { CATALOGUE } from './oip/catalogue.js';
import { runSuite } from './oip/suite.js';

const IDS = CATALOGUE.map(({ id }) => id);
/** Together these cost as much as all others: they run where they must fail, and on the right server. */
const COSTLY = ['grpc.concurrency', 'grpc.connections', 'grpc.large', 'refuse.connection', 'refuse.code-', 'refuse.message'];
/** So short where a server hangs that the tests end, elsewhere so long that a busy machine does not look like one. */
const PATIENCE_MS = { hanging: 1_500, answering: 15_000 };

let directory: ModelDirectory;
let app: RunningApp;

beforeAll(async () => {
  directory = await ModelDirectory.create(conformanceModels());
  app = await RunningApp.start({ modelRepository: [directory.path], modelControlMode: 'explicit', loadModel: CONFORMANCE_MODELS });
});

afterAll(async () => {
  await app[Symbol.asyncDispose]();
  await directory[Symbol.asyncDispose]();
});

function expand({ fails }: Pick<Fault, 'fails'>): string[] {
  const matches = (id: string, pattern: string) => (pattern.endsWith('*') ? id.startsWith(pattern.slice(0, -1)) : id === pattern);
  const without = fails.filter((pattern) => pattern.startsWith('!')).map((pattern) => pattern.slice(1));
  return IDS.filter((id) => fails.some((pattern) => matches(id, pattern)) && !without.includes(id));
}

/** Ids of the checks that fail where a server has the fault. */
async function failing(fault: Fault): Promise<string[]> {
  await using proxy = await GrpcProxy.start(app.address, fault.meddle());
  const expected = expand(fault);
  const { results } = await runSuite({
    address: proxy.address,
    models: fault.everyDatatype ? CONFORMANCE_MODELS : FEW_MODELS,
    profile: 'all',
    only: fault.among ?? [],
    skip: COSTLY.filter((start) => !expected.some((id) => id.startsWith(start))),
    seed: 1,
    mayControl: true,
    timeoutMs: fault.hangs ? PATIENCE_MS.hanging : PATIENCE_MS.answering,
  });
  return results.filter(({ verdict }) => verdict.kind === 'failed').map(({ check }) => check.id);
}

describe('of a server that', () => {
  it.each(FAULTS.map((fault) => [fault.what, fault] as const))(
    '%s exactly the checks fail that look at that',
    async (_what, fault) => expect(await failing(fault)).toEqual(expand(fault)),
    60_000,
  );
});

describe('every check', () => {
  it('fails for one of these servers at least', () => {
    const caught = new Set(FAULTS.flatMap(expand));
    expect(IDS.filter((id) => !caught.has(id))).toEqual([]);
  });

  it('is named by the faults as it is', () => {
    const unknown = FAULTS.flatMap(({ fails }) => fails).filter((pattern) => expand({ fails: [pattern.replace('!', '')] }).length === 0);
    expect(unknown).toEqual([]);
  });
});
