import { describe, expect, it } from '@jest/globals';
import { type ConfigSources, loadConfig } from '../../../src/config/load.js';
import { SERVE_OPTIONS } from '../../../src/config/options.js';

const NO_FILE = () => Promise.reject(new Error('ENOENT: no such file'));
const load = (sources: Partial<ConfigSources>) => loadConfig(SERVE_OPTIONS, { flags: {}, env: {}, readFile: NO_FILE, ...sources });
const file = (text: string) => ({ flags: { config: 'm.yaml' }, readFile: () => Promise.resolve(text) });

describe('loadConfig', () => {
  it('is complete, frozen and from the defaults where nobody says anything', async () => {
    const { config, origins } = await load({});
    expect(config.host).toEqual(['127.0.0.1']);
    expect(config.maxMessageBytes).toBe(67_108_864);
    expect(Object.keys(config)).toEqual(Object.keys(SERVE_OPTIONS));
    expect(Object.isFrozen(config)).toBe(true);
    expect(origins.host).toEqual({ kind: 'default' });
  });

  it('takes flags before the environment, that before the file, that before the defaults', async () => {
    const { config, origins } = await load({
      flags: { config: 'm.yaml', grpcPort: '1' },
      env: { MILLRACE_GRPC_PORT: '2', MILLRACE_ADMIN_PORT: '3' },
      readFile: () => Promise.resolve('grpcPort: 4\nadminPort: 5\nmaxInflight: 6\n'),
    });
    expect([config.grpcPort, config.adminPort, config.maxInflight, config.maxConnections]).toEqual([1, 3, 6, 1024]);
    expect([origins.grpcPort.kind, origins.adminPort.kind, origins.maxInflight.kind, origins.maxConnections.kind]).toEqual([
      'flag',
      'environment',
      'file',
      'default',
    ]);
  });

  it('splits lists at commas in the environment alone', async () => {
    const { config } = await load({ env: { MILLRACE_MODEL_REPOSITORY: '/a, /b,' }, flags: { loadModel: ['a,b'] } });
    expect(config.modelRepository).toEqual(['/a', '/b']);
    expect(config.loadModel).toEqual(['a,b']);
  });

  it('finds the file through the environment too', async () => {
    const { config } = await load({ env: { MILLRACE_CONFIG: 'm.yaml' }, readFile: () => Promise.resolve('grpcPort: 0') });
    expect(config.grpcPort).toBe(0);
    expect((await load({ env: { MILLRACE_CONFIG: '' } })).config.grpcPort).toBe(8001);
  });

  it.each([
    [
      'a flag',
      { flags: { grpcPort: '70000' } },
      '--grpc-port: "70000" is not allowed, expected a port from 1 to 65535, or 0 for any free one',
    ],
    ['a variable', { env: { MILLRACE_REFLECTION: 'yes' } }, 'MILLRACE_REFLECTION: "yes" is not allowed, expected on or off'],
    ['a file', file('maxInflight: many'), 'maxInflight in m.yaml: "many" is not allowed, expected an integer from 1 to 1000000'],
    [
      'a pattern',
      { flags: { grpcHeaderForwardPattern: '(x' } },
      `--grpc-header-forward-pattern: "(x" is not allowed, expected a regular expression without look-around and back-references: a '(' has no ')'`,
    ],
    ['a nested value', file('host: {a: 1}'), 'host in m.yaml: {"a":1} is not allowed'],
  ])('refuses a bad value of %s with the key, the value and what is allowed', async (_, sources, message) => {
    await expect(load(sources)).rejects.toMatchObject({ name: 'UsageError', message: expect.stringContaining(message) });
  });

  it('says that a value is for a later version', async () => {
    await expect(load({ env: { MILLRACE_MODEL_CONTROL_MODE: 'poll' } })).rejects.toThrow(
      'MILLRACE_MODEL_CONTROL_MODE: poll is not in this version',
    );
    await expect(load({ flags: { frontEnds: '2' } })).rejects.toThrow('--front-ends: 2 is not in this version; use 1');
    await expect(load(file('frontEnds: 64'))).rejects.toThrow('frontEnds in m.yaml: 64 is not in this version; use 1');
    await expect(load(file('frontEnds: 65'))).rejects.toThrow('frontEnds in m.yaml: 65 is not allowed, expected 1');
  });

  it('refuses a key that nobody knows, saying what there is', async () => {
    await expect(load(file('grpcPrt: 1'))).rejects.toThrow(
      /^unknown option grpcPrt in m\.yaml; there are modelRepository, .*tlsClientCaFile$/,
    );
    await expect(load({ env: { MILLRACE_GRPC_PRT: '1' } })).rejects.toThrow(
      /^unknown option MILLRACE_GRPC_PRT; there are MILLRACE_MODEL_REPOSITORY, /,
    );
  });

  it('cuts a long value short', async () => {
    await expect(load({ flags: { grpcPort: 'x'.repeat(10_000) } })).rejects.toMatchObject({ message: expect.stringMatching(/^.{0,250}$/) });
  });

  it('says which file it cannot read', async () => {
    await expect(load({ flags: { config: 'm.yaml' } })).rejects.toMatchObject({
      name: 'UsageError',
      message: '--config: cannot read m.yaml: ENOENT: no such file',
    });
  });
});
