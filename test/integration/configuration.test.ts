import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { type CommandResult, runCommand } from '../support/command.js';
import { RawClient } from '../support/grpc-client.js';
import { INFER, identityRow } from '../support/identity-model.js';
import { ModelDirectory } from '../support/model-directory.js';
import { EXAMPLE_MODELS, ROOT, RunningApp } from '../support/running-app.js';
import { ServerProcess } from '../support/server-process.js';

const OK = 0;
const UNIMPLEMENTED = 12;
const REFLECTION = '/grpc.reflection.v1.ServerReflection/ServerReflectionInfo';
const EXPLICIT = { modelControlMode: 'explicit', loadModel: ['identity'] };
const TLS = `${ROOT}test/fixtures/tls`;

function inferDigit(address: string, ...args: string[]): Promise<CommandResult> {
  const input = `${ROOT}examples/inputs/digit-7.json`;
  return runCommand(['infer', 'digits', '--input', input, '--address', address, '--timeout-ms', '10000', ...args]);
}

async function directory(files: Readonly<Record<string, string>>): Promise<ModelDirectory> {
  return ModelDirectory.create(Object.fromEntries(Object.entries(files).map(([name, text]) => [name, Buffer.from(text)])));
}

describe('a server that is told everything by', () => {
  it('the environment: lists have commas, 0 takes any port', async () => {
    await using server = await ServerProcess.start([], {
      MILLRACE_MODEL_REPOSITORY: EXAMPLE_MODELS,
      MILLRACE_MODEL_CONTROL_MODE: 'explicit',
      MILLRACE_LOAD_MODEL: 'identity, repeat',
      MILLRACE_REFLECTION: 'off',
      MILLRACE_GRPC_PORT: '0',
      MILLRACE_ADMIN_PORT: '0',
    });
    expect(server.log.first('ready')).toMatchObject({
      level: 'info',
      grpc: expect.stringMatching(/^127\.0\.0\.1:[1-9]\d*$/),
      admin: expect.stringMatching(/^127\.0\.0\.1:[1-9]\d*$/),
      models: { ready: 2, failed: 0 },
    });
    expect(server.log.all('ready')).toHaveLength(1);
    expect(server.log.noise).toEqual([]);
    await using client = await RawClient.connect(server.address);
    expect(await client.call(INFER, identityRow('identity'))).toMatchObject({ status: OK });
    expect(await client.open(REFLECTION).answer).toMatchObject({ status: UNIMPLEMENTED });
    server.kill('SIGTERM');
    expect(await server.exited).toBe(0);
  });

  it('a YAML file, over which the environment rules, over which flags rule', async () => {
    await using files = await directory({
      'millrace.yaml': [
        'modelRepository:',
        `  - ${EXAMPLE_MODELS}`,
        'modelControlMode: explicit',
        'loadModel: [digits]',
        'maxInflight: 1',
        'reflection: off',
        'strictReadiness: true',
        'logLevel: silent',
      ].join('\n'),
    });
    const env = { MILLRACE_CONFIG: join(files.path, 'millrace.yaml'), MILLRACE_LOAD_MODEL: 'repeat', MILLRACE_LOG_LEVEL: 'info' };
    await using server = await ServerProcess.start(['--load-model', 'identity'], env);
    expect(server.log.all('model_ready').map(({ model }) => model)).toEqual(['identity']);
    await using client = await RawClient.connect(server.address);
    expect(await client.open(REFLECTION).answer).toMatchObject({ status: UNIMPLEMENTED });
  });

  it('a YAML file with a mistake is not started: one line names key, value and what is allowed, and the code is 2', async () => {
    await using files = await directory({ 'bad.yaml': 'grpcPort: http\n', 'strange.yaml': 'colour: red\n', 'broken.yaml': 'a: [1\n' });
    const start = (file: string) => runCommand(['serve', '--model-repository', '.', '--config', join(files.path, file)]);
    const [bad, strange, broken] = await Promise.all([start('bad.yaml'), start('strange.yaml'), start('broken.yaml')]);
    expect(bad).toEqual({
      code: 2,
      stdout: '',
      stderr: `millrace: grpcPort in ${files.path}/bad.yaml: "http" is not allowed, expected a port from 1 to 65535, or 0 for any free one\n`,
    });
    expect(strange.code).toBe(2);
    expect(strange.stderr).toMatch(/^millrace: unknown option colour in .*strange\.yaml; there are modelRepository, .+\n$/);
    expect(broken.code).toBe(2);
    expect(broken.stderr).toMatch(/^millrace: .*broken\.yaml.+\n$/);
  });
});

describe('a server on', () => {
  it('a unix socket and a port serves both, and leaves no socket behind', async () => {
    await using files = await ModelDirectory.create({});
    const path = join(files.path, 'millrace.sock');
    {
      await using app = await RunningApp.start({ modelRepository: [EXAMPLE_MODELS], ...EXPLICIT, host: [`unix:${path}`, '127.0.0.1'] });
      expect(app.server.grpc).toEqual([`unix:${path}`, expect.stringMatching(/^127\.0\.0\.1:\d+$/)]);
      for (const address of app.server.grpc) {
        await using client = await RawClient.connect(address);
        expect(await client.call(INFER, identityRow('identity'))).toMatchObject({ status: OK });
      }
      expect(await app.page('/livez')).toMatchObject({ status: 200 });
    }
    await expect(stat(path)).rejects.toMatchObject({ code: 'ENOENT' });
  });

  it('a unix socket alone is called by `millrace infer`', async () => {
    await using files = await ModelDirectory.create({});
    const address = `unix:${join(files.path, 'millrace.sock')}`;
    await using app = await RunningApp.start({ modelRepository: [EXAMPLE_MODELS], ...EXPLICIT, loadModel: ['digits'], host: [address] });
    expect(app.server.grpc).toEqual([address]);
    const { code, stdout, stderr } = await inferDigit(address);
    expect([code, stderr]).toEqual([0, '']);
    expect(stdout).toContain('digits version 1');
  });

  it('TLS is called by `millrace infer` with the authority, and by nobody without', async () => {
    const tls = { tlsCertFile: `${TLS}/server.crt`, tlsKeyFile: `${TLS}/server.key` };
    await using app = await RunningApp.examples(['digits'], tls);
    const [trusting, plain] = await Promise.all([inferDigit(app.address, '--tls-ca-file', `${TLS}/ca.crt`), inferDigit(app.address)]);
    expect([trusting.code, trusting.stderr]).toEqual([0, '']);
    expect(trusting.stdout).toContain('digits version 1');
    expect([plain.code, plain.stdout]).toEqual([1, '']);
  });

  it('mutual TLS asks for a certificate of its authority', async () => {
    const tls = { tlsCertFile: `${TLS}/server.crt`, tlsKeyFile: `${TLS}/server.key`, tlsClientCaFile: `${TLS}/ca.crt` };
    await using app = await RunningApp.examples(['digits'], tls);
    const authority = ['--tls-ca-file', `${TLS}/ca.crt`];
    const own = ['--tls-cert-file', `${TLS}/client.crt`, '--tls-key-file', `${TLS}/client.key`];
    const [known, unknown] = await Promise.all([inferDigit(app.address, ...authority, ...own), inferDigit(app.address, ...authority)]);
    expect([known.code, known.stderr]).toEqual([0, '']);
    expect([unknown.code, unknown.stdout]).toEqual([1, '']);
  });
});
