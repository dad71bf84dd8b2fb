import { describe, expect, it } from '@jest/globals';
import { Command } from 'commander';
import { addConfigOptions, collect } from '../../../src/cli/config-flags.js';
import { CHECK_OPTIONS } from '../../../src/config/check-options.js';
import { SERVE_OPTIONS } from '../../../src/config/options.js';

function parse(...args: string[]): unknown {
  const command = new Command().exitOverride();
  addConfigOptions(command, SERVE_OPTIONS);
  return command.parse(args, { from: 'user' }).opts();
}

describe('addConfigOptions', () => {
  it('gives nothing for what did not stand there: defaults are not flags', () => {
    expect(parse()).toEqual({});
  });

  it('gives texts by the key of the option', () => {
    expect(parse('--grpc-port', '1', '--tls-client-ca-file=x', '--config', 'm.yaml')).toEqual({
      grpcPort: '1',
      tlsClientCaFile: 'x',
      config: 'm.yaml',
    });
  });

  it("takes a flag of Triton's for the one that says the same, the last of both", () => {
    const [ours, triton] = ['--response-compression', '--grpc-infer-response-compression-level'];
    expect(parse(`${triton}=low`)).toMatchObject({ responseCompression: 'low' });
    expect(parse(triton, 'low', ours, 'high')).toMatchObject({ responseCompression: 'high' });
    expect(parse(ours, 'high', triton, 'low')).toMatchObject({ responseCompression: 'low' });
    const command = new Command();
    addConfigOptions(command, CHECK_OPTIONS);
    expect(command.options.map(({ long }) => long)).not.toContain(triton);
  });

  it('gathers what may stand more than once', () => {
    expect(parse('--host', 'a', '--host', 'b')).toEqual({ host: ['a', 'b'] });
    expect(collect('b', ['a'])).toEqual(['a', 'b']);
  });

  it('lets a flag stand alone or with a value', () => {
    expect(parse('--strict-readiness', '--grpc-port', '1')).toEqual({ strictReadiness: true, grpcPort: '1' });
    expect(parse('--strict-readiness=false')).toEqual({ strictReadiness: 'false' });
  });

  it('shows defaults in the help', () => {
    const command = new Command();
    addConfigOptions(command, SERVE_OPTIONS);
    const help = command.configureHelp({ helpWidth: 400 }).helpInformation();
    expect(help).toMatch(/--grpc-port <port> +gRPC.*\(default: 8001\)/);
    expect(help).toMatch(/--host <address>.*\(default: 127\.0\.0\.1\)/);
    expect(help).toMatch(/--reflection <on\|off>.*\(default: on\)/);
    expect(help).not.toMatch(/--strict-readiness.*default/);
    expect(help).toContain('Limits:');
  });
});
