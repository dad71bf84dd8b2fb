import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { CONFORMANCE_MODELS, conformanceModels } from '../support/conformance-models.js';
import { GrpcProxy } from '../support/grpc-proxy.js';
import { ModelDirectory } from '../support/model-directory.js';
import { plainProtocol } from '../support/oip-faults/plain-protocol.js';
import { ROOT, RunningApp } from '../support/running-app.js';
import { CATALOGUE } from './oip/catalogue.js';
import { formatCatalogue, formatResult, formatStart, formatSummary } from './oip/format.js';
import { isConformant, jsonReport, summarize } from './oip/report.js';
import { DOCUMENTS } from './oip/section.js';
import { decisiveLevels, type Profile, runSuite, type SuiteOptions, type SuiteRun } from './oip/suite.js';

const TLS = `${ROOT}test/fixtures/tls/`;
const OPTIONS = { models: [], profile: 'all', only: [], skip: [], seed: 1, mayControl: false, timeoutMs: 15_000 } as const;
/** A few checks of each kind. */
const SMOKE = ['server.', 'infer.id', 'grpc.deadline', 'stream.order'];

let directory: ModelDirectory;
let app: RunningApp;

beforeAll(async () => {
  directory = await ModelDirectory.create(conformanceModels());
  app = await RunningApp.start({
    modelRepository: [directory.path],
    modelControlMode: 'explicit',
    loadModel: CONFORMANCE_MODELS,
  });
});

afterAll(async () => {
  await app[Symbol.asyncDispose]();
  await directory[Symbol.asyncDispose]();
});

function run(address: string, options: Partial<SuiteOptions> = {}): Promise<SuiteRun> {
  return runSuite({ ...OPTIONS, address, ...options });
}

function idsOf({ results }: SuiteRun, kind: 'passed' | 'failed' | 'skipped'): string[] {
  return results.filter(({ verdict }) => verdict.kind === kind).map(({ check }) => check.id);
}

/** What did not pass, and why. */
function complaintsOf({ results }: SuiteRun): string[] {
  return results.filter(({ verdict }) => verdict.kind !== 'passed').map(formatResult);
}

describe('the catalogue', () => {
  it('has each id once, in its area', () => {
    const ids = CATALOGUE.map(({ id }) => id);
    expect(new Set(ids).size).toBe(ids.length);
    for (const id of ids) expect(id).toMatch(/^[a-z-]+(\.[A-Za-z0-9-]+)+$/);
  });

  it('says of each check where it is written', () => {
    const documents = new Set(CATALOGUE.map(({ section }) => section.split(': ')[0]));
    expect([...documents].sort()).toEqual(Object.keys(DOCUMENTS).sort());
  });

  it('is the one in README.md', () => {
    const readme = readFileSync(`${ROOT}test/conformance/oip/README.md`, 'utf8');
    expect(readme).toContain(`\n\n${formatCatalogue(CATALOGUE)}\n`);
    expect(readme).toContain(`${CATALOGUE.length} checks`);
  });
});

describe('Millrace', () => {
  it('passes every check, with models of every kind', async () => {
    expect(complaintsOf(await run(app.address, { mayControl: true }))).toEqual([]);
  }, 60_000);

  it('passes every check that applies to the example models', async () => {
    await using examples = await RunningApp.examples();
    const examined = await run(examples.address, { mayControl: true });
    expect(complaintsOf(examined).join('')).toContain(
      'because: the server unloads no model on request: explicit model load / unload is not allowed',
    );
    expect(idsOf(examined, 'failed')).toEqual([]);
    const raw = ['BOOL', 'UINT8', 'UINT16', 'UINT32', 'UINT64', 'INT8', 'INT16', 'INT32', 'INT64', 'FP16', 'FP64', 'BF16'];
    const typed = raw.filter((datatype) => !['FP16', 'BF16'].includes(datatype));
    const others = [
      ...['infer.input-order', 'data.empty-bytes', 'data.any-bytes', 'data.long-bytes', 'repository.reload'],
      ...['missing-input', 'unequal-rows', 'raw-fewer', 'typed-out-of-range', 'typed-half'].map((name) => `refuse.${name}`),
    ];
    const inapplicable = [...raw.map((type) => `data.raw.${type}`), ...typed.map((type) => `data.typed.${type}`), ...others];
    expect(idsOf(examined, 'skipped').sort()).toEqual(inapplicable.sort());
  }, 60_000);

  it('is tested over TLS as well', async () => {
    const files = { tlsCertFile: `${TLS}server.crt`, tlsKeyFile: `${TLS}server.key`, tlsClientCaFile: `${TLS}ca.crt` };
    await using secured = await RunningApp.examples(['iris'], files);
    const tls = { ca: `${TLS}ca.crt`, cert: `${TLS}client.crt`, key: `${TLS}client.key` };
    const address = secured.address.replace('127.0.0.1', 'localhost');
    expect(complaintsOf(await run(address, { tls, only: SMOKE }))).toEqual([]);
  });
});

describe('a server with the protocol and no more', () => {
  it('conforms to the protocol, and not to Triton', async () => {
    await using proxy = await GrpcProxy.start(app.address, plainProtocol());
    const plain = await run(proxy.address, { models: CONFORMANCE_MODELS.filter((model) => model !== 'repeat') });
    expect(idsOf(plain, 'failed')).toEqual(['health.serving', 'stream.served']);
    const summary = summarize(plain.results);
    const verdict = (profile: Profile, strict: boolean) => isConformant(summary, { profile, strict });
    expect([verdict('all', false), verdict('oip', false), verdict('triton', false), verdict('oip', true)]).toEqual([
      true,
      true,
      false,
      false,
    ]);
    const skipped = plain.results.filter(({ check, verdict: { kind } }) => kind === 'skipped' && check.level === 'must');
    expect(skipped).toEqual([]);
  }, 60_000);

  it('without a model to test is asked what needs none, and is told so', async () => {
    await using proxy = await GrpcProxy.start(app.address, plainProtocol());
    const plain = await run(proxy.address);
    const known = ['server.live', 'server.ready', 'server.name', 'model-ready.unknown-model', 'model-metadata.unknown-model'];
    expect(idsOf(plain, 'passed')).toEqual(expect.arrayContaining(known));
    expect(idsOf(plain, 'skipped')).toEqual(expect.arrayContaining(['infer.accepted', 'model-ready.known', 'refuse.raw-short']));
    const reason = 'no model was given by --model or listed by RepositoryIndex';
    expect(complaintsOf(plain).join('')).toContain(`because: ${reason}`);
  });
});

describe('a server that is not there', () => {
  it('does not conform', async () => {
    const listener = createServer().listen(0, '127.0.0.1');
    await once(listener, 'listening');
    const { port } = listener.address() as AddressInfo;
    await new Promise((resolve) => listener.close(resolve));
    const absent = await run(`127.0.0.1:${port}`, { timeoutMs: 2_000, only: SMOKE });
    expect(idsOf(absent, 'passed')).toEqual([]);
    expect(isConformant(summarize(absent.results), { profile: 'all', strict: false })).toBe(false);
  });

  it('though it takes connections costs no more than the patience', async () => {
    const listener = createServer().listen(0, '127.0.0.1');
    const sockets: Socket[] = [];
    listener.on('connection', (socket) => sockets.push(socket));
    await using _closed = {
      [Symbol.asyncDispose]: async () => {
        for (const socket of sockets) socket.destroy();
        listener.close();
      },
    };
    await once(listener, 'listening');
    const { port } = listener.address() as AddressInfo;
    const mute = await run(`127.0.0.1:${port}`, { timeoutMs: 200, models: ['any'], only: SMOKE });
    expect(idsOf(mute, 'passed')).toEqual([]);
    expect(idsOf(mute, 'failed')).toEqual(expect.arrayContaining(['server.live', 'server.ready', 'server.name']));
  });
});

describe('a server that asks for a token', () => {
  it('is given the headers on the command line', async () => {
    await using proxy = await GrpcProxy.start(app.address, {
      unary: async ({ headers, forward }) =>
        headers['authorization'] === 'Bearer mine' ? forward() : { code: 16, text: 'who are you?', message: undefined },
    });
    const headers = { authorization: 'Bearer mine' };
    expect(complaintsOf(await run(proxy.address, { headers, only: SMOKE, models: ['pair'] }))).toEqual([]);
    expect(idsOf(await run(proxy.address, { only: ['server.live'] }), 'failed')).toEqual(['server.live']);
  });
});

describe('the report', () => {
  const options = { ...OPTIONS, address: 'host:1', strict: false };

  it('counts by level, and holds all that a reader needs', async () => {
    const some = await run(app.address, { only: ['server', 'repository.re'], models: ['pair', 'repeat', 'nobody'] });
    expect(jsonReport(some, options)).toMatchObject({
      suite: 'oip-v2-grpc-conformance',
      address: 'host:1',
      seed: 1,
      server: { name: 'millrace' },
      models: [
        { name: 'pair', kind: 'usable', versions: ['1', '2'] },
        { name: 'repeat', kind: 'decoupled' },
        { name: 'nobody', kind: 'unusable', why: expect.stringContaining('NOT_FOUND') },
      ],
      conformant: true,
      summary: { must: { passed: 3, failed: 0, skipped: 0 }, should: { passed: 2, failed: 0, skipped: 0 }, triton: { skipped: 1 } },
      results: expect.arrayContaining([expect.objectContaining({ id: 'server.live', level: 'must', verdict: 'passed' })]),
    });
    const start = formatStart(some.ground, 'host:1');
    expect(start).toContain(
      'millrace 1.2.3-test at host:1, seed 1\nmodels: pair; decoupled: repeat\n  not usable: nobody: ModelMetadata: NOT_FOUND',
    );
  });

  it('shows what was expected and what was given', () => {
    const [check] = CATALOGUE;
    if (check === undefined) throw new Error('no checks');
    const failed = { kind: 'failed', expected: 'live true', given: 'false' } as const;
    expect(formatResult({ check, verdict: failed, durationMs: 1 })).toMatch(
      /^FAILED {2}must {4}server\.live .*\n +expected: live true\n +given: {4}false\n +see: +OIP gRPC: Server Live\n$/,
    );
    const summary = summarize([{ check, verdict: failed, durationMs: 1 }]);
    expect(formatSummary(summary, { profile: 'all', strict: false })).toBe(
      '\nmust    0 passed, 1 failed, 0 skipped\nshould  0 passed, 0 failed, 0 skipped (does not decide)\n' +
        'triton  0 passed, 0 failed, 0 skipped (does not decide)\nNOT conformant\n',
    );
  });

  it('is decided by the levels that the profile names', () => {
    expect([decisiveLevels('all', false), decisiveLevels('oip', true), decisiveLevels('triton', true)]).toEqual([
      ['must'],
      ['must', 'should'],
      ['must', 'should', 'triton'],
    ]);
  });

  it('leaves out what is not selected', async () => {
    const some = await run(app.address, { profile: 'oip', only: ['server', 'stream'], skip: ['server.v'], models: ['pair'] });
    expect(some.results.map(({ check }) => check.id)).toEqual(['server.live', 'server.ready', 'server.name', 'server.extensions']);
  });
});
