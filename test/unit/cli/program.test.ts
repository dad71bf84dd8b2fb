import { describe, expect, it } from '@jest/globals';
import { type CliPorts, runCli } from '../../../src/cli/program.js';
import { InferResponse } from '../../../src/gen/millrace/v1/inference.js';
import { FakeIo } from '../../support/fake-io.js';

function rig() {
  const io = new FakeIo({ files: { 'models/': '', 'r.json': '{}' } });
  const requests: unknown[] = [];
  const ports: CliPorts = {
    version: '1.2.3',
    startServer: () => Promise.reject(new Error('cannot listen')),
    checkRepository: () => Promise.resolve('unloaded'),
    createClient: () => ({
      infer: (request) => {
        requests.push(request);
        return Promise.resolve(InferResponse.fromJSON({}));
      },
      async *inferStream() {},
      close: () => undefined,
    }),
  };
  return { io, requests, run: (...args: string[]) => runCli(args, io, ports) };
}

describe('runCli', () => {
  it.each([
    [['--help'], 'Usage: millrace', '$ millrace serve --model-repository ./models'],
    [['serve', '--help'], '--grpc-port <port>', '$ millrace serve --config millrace.yaml --print-config'],
    [['check', '--help'], '<repository...>', '$ millrace check ./models'],
    [['infer', '--help'], '--rows-per-message <rows>', '$ millrace infer digits --input examples/inputs/digit-7.json'],
  ])('helps with %j, an example included', async (args, option, example) => {
    const { io, run } = rig();
    expect(await run(...args)).toBe(0);
    expect(io.stdout.text).toContain(option);
    expect(io.stdout.text).toContain(example);
    expect(io.stderr.text).toBe('');
  });

  it('prints the version', async () => {
    const { io, run } = rig();
    expect(await run('--version')).toBe(0);
    expect(io.stdout.text).toBe('1.2.3\n');
  });

  it('shows the help, as usage, where no command is given', async () => {
    const { io, run } = rig();
    expect(await run()).toBe(2);
    expect(io.stderr.text).toContain('Usage: millrace');
  });

  it.each([
    [['serve', '--frobnicate'], "millrace: unknown option '--frobnicate'\n"],
    [['serve', '--grpc-prt', '1'], "millrace: unknown option '--grpc-prt' (Did you mean --grpc-port?)\n"],
    [
      ['serve', '--http-port=8000'],
      "millrace: --http-port is an option of Triton's server: there is no HTTP/REST facade here; clients call gRPC on --grpc-port\n",
    ],
    [['serve', '--exit-on-error', 'true'], "millrace: --exit-on-error is an option of Triton's server: "],
    [['serve', '--grpc-port', 'x'], 'millrace: --grpc-port: "x" is not allowed, expected a port'],
    [['serve'], 'millrace: --model-repository is missing'],
    [['serve', '--model-repository', 'missing'], 'millrace: --model-repository: missing is not a directory\n'],
    [['serve', 'models'], 'millrace: too many arguments'],
    [['check'], "millrace: missing required argument 'repository'\n"],
    [['infer', 'digits'], 'millrace: infer: no input; give --input FILE or --raw\n'],
    [['frobnicate'], "millrace: unknown command 'frobnicate'\n"],
  ])('refuses %j in one line with exit code 2', async (args, line) => {
    const { io, run } = rig();
    expect(await run(...args)).toBe(2);
    expect(io.stderr.text.startsWith(line)).toBe(true);
    expect(io.stderr.lines).toHaveLength(1);
  });

  it("gives each command's exit code", async () => {
    expect(await rig().run('serve', '--model-repository', 'models')).toBe(1);
    expect(await rig().run('check', 'models')).toBe(1);
    expect(await rig().run('infer', 'digits', '--input', 'r.json')).toBe(0);
  });

  it("takes --version behind infer for the model's", async () => {
    const { run, requests } = rig();
    expect(await run('infer', 'digits', '--input', 'r.json', '--version', '2')).toBe(0);
    expect(requests).toEqual([expect.objectContaining({ version: '2' })]);
  });

  it('says what went wrong in one line where a command fails', async () => {
    const { io, run } = rig();
    expect(await run('infer', 'digits', '--input', 'r.json', '--tls-ca-file', 'none.pem')).toBe(1);
    expect(io.stderr.text).toBe('millrace: there is no none.pem\n');
  });
});
