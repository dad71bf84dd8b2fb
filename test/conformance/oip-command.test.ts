import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { promisify } from 'node:util';
import { describe, expect, it } from '@jest/globals';
import { ModelDirectory } from '../support/model-directory.js';
import { ROOT, RunningApp } from '../support/running-app.js';
import { parseCommand, USAGE } from './oip/command.js';

const MAIN = new URL('./oip/main.js', import.meta.url).pathname;
const execute = promisify(execFile);

interface Ended {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

function spawn(file: string, args: readonly string[]): Promise<Ended> {
  return execute(file, args, { cwd: ROOT }).then(
    ({ stdout, stderr }) => ({ code: 0, stdout, stderr }),
    (error: unknown) => {
      const { code, stdout, stderr } = error as Ended;
      return { code, stdout, stderr };
    },
  );
}

function main(...args: string[]): Promise<Ended> {
  return spawn(process.execPath, [MAIN, ...args]);
}

describe('the command line', () => {
  it('has a default for all but the address', () => {
    expect(parseCommand(['host:8001'])).toEqual({
      ...{ kind: 'run', address: 'host:8001', models: [], profile: 'all', strict: false, only: [], skip: [], mayControl: false },
      ...{ headers: {}, timeoutMs: 10_000, seed: 1, jsonFile: undefined },
    });
  });

  it('takes everything that a run needs', () => {
    const models = ['--model', 'a', '--model', 'b', '--profile', 'triton', '--strict', '--control'];
    const selection = ['--only', 'infer', '--skip', 'infer.id', '--seed', '7', '--timeout-ms', '500', '--json', 'out.json'];
    const access = ['--header', 'Authorization: Bearer a:b', '--tls-ca', 'ca', '--tls-cert', 'crt', '--tls-key', 'key'];
    expect(parseCommand(['host:8001', ...models, ...selection, ...access])).toEqual({
      ...{ kind: 'run', address: 'host:8001', models: ['a', 'b'], profile: 'triton', strict: true, only: ['infer'], skip: ['infer.id'] },
      ...{ mayControl: true, headers: { authorization: 'Bearer a:b' }, timeoutMs: 500, seed: 7, jsonFile: 'out.json' },
      tls: { ca: 'ca', cert: 'crt', key: 'key' },
    });
    expect(parseCommand(['host:8001', '--tls-ca', 'ca'])).toMatchObject({ tls: { ca: 'ca' } });
  });

  it.each([
    [[], 'give the address of the server as HOST:PORT'],
    [['a:1', 'b:2'], 'one address is enough, got a:1 b:2'],
    [['a:1', '--profile', 'kserve'], '--profile is one of all, oip, triton, got kserve'],
    [['a:1', '--seed', '0'], '--seed is a positive integer, got 0'],
    [['a:1', '--timeout-ms', '1s'], '--timeout-ms is a positive integer, got 1s'],
    [['a:1', '--header', 'token'], '--header is NAME:VALUE, got token'],
    [['a:1', '--tls-ca', 'a', '--tls-key', 'k'], '--tls-cert and --tls-key go together'],
    [['a:1', '--tls-cert', 'c', '--tls-key', 'k'], '--tls-cert needs --tls-ca'],
    [['a:1', '--flavour', 'x'], "Unknown option '--flavour'"],
  ])('%j is misuse', (argv, problem) => {
    expect(parseCommand(argv)).toEqual({ kind: 'misuse', problem: expect.stringContaining(problem) });
  });
});

describe('main.js', () => {
  it('says how it is used', async () => {
    expect(await main('--help')).toEqual({ code: 0, stdout: USAGE, stderr: '' });
    expect(await main()).toMatchObject({ code: 2, stdout: '', stderr: expect.stringContaining(USAGE) });
  });

  it('lists its checks', async () => {
    const { code, stdout } = await main('--list');
    expect([code, stdout.split('\n')[2]]).toEqual([0, expect.stringMatching(/^\| `server\.live` \| must \|/)]);
  });

  it('exits 0 where the server conforms and 1 where it does not, and writes its report', async () => {
    await using app = await RunningApp.examples(['iris', 'repeat']);
    await using directory = await ModelDirectory.create({});
    const json = `${directory.path}/report.json`;
    const good = await main(app.address, '--only', 'server', '--json', json);
    expect(good).toMatchObject({ code: 0, stderr: '' });
    expect(good.stdout).toMatch(
      /^Open Inference Protocol v2 over gRPC: millrace .*\nmodels: iris; decoupled: repeat\n\nok {6}must {4}server\.live/,
    );
    expect(good.stdout).toMatch(/\nmust {4}3 passed, 0 failed, 0 skipped\n.*\nconformant\n$/s);
    expect(JSON.parse(await readFile(json, 'utf8'))).toMatchObject({ conformant: true, address: app.address });
    const bad = await main(app.address, '--model', 'nobody', '--only', 'model-ready.known');
    expect(bad).toMatchObject({ code: 1, stdout: expect.stringMatching(/\nFAILED {2}must {4}model-ready\.known .*\nNOT conformant\n$/s) });
  });
});

describe('make conformance', () => {
  it('without an address says what to give', async () => {
    expect(await spawn('make', ['conformance'])).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('make conformance ADDR=host:port'),
    });
  });
});
