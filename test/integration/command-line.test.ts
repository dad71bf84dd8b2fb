import { writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { runCommand } from '../support/command.js';
import { LogBook } from '../support/log-book.js';
import { ModelDirectory } from '../support/model-directory.js';
import { EXAMPLE_MODELS, ROOT, RunningApp } from '../support/running-app.js';

const INPUTS = `${ROOT}examples/inputs`;
const SERVE = ['serve', '--model-repository', EXAMPLE_MODELS, '--model-control-mode', 'explicit'];

/** Port 1 belongs to a service that nobody runs. */
const NOBODY = '127.0.0.1:1';

describe('millrace serve', () => {
  it.each([
    [[], '--model-repository is missing: name the directory that holds the models (MILLRACE_MODEL_REPOSITORY, modelRepository)'],
    [['--model-repository', '/nowhere'], '--model-repository: /nowhere is not a directory'],
    [['--colour', 'red'], "unknown option '--colour'"],
    [['--grpc-port', 'http'], '--grpc-port: "http" is not allowed, expected a port from 1 to 65535, or 0 for any free one'],
    [['--max-inflight', '0'], '--max-inflight: "0" is not allowed, expected an integer from 1 to 1000000'],
    [['--model-control-mode', 'poll'], '--model-control-mode: poll is not in this version; use none or explicit'],
    [['--model-store', '/models'], "--model-store is an option of Triton's server: use --model-repository"],
    [
      ['--exit-on-error=false'],
      "--exit-on-error is an option of Triton's server: a model that fails to load does not keep others from serving; use --strict-readiness, or millrace check before the start",
    ],
    [['--model-repository', '.', '--tls-key-file', 'key.pem'], '--tls-cert-file and --tls-key-file go together: one of them is missing'],
    [
      ['--model-repository', '.', '--config', '/nowhere.yaml'],
      "--config: cannot read /nowhere.yaml: ENOENT: no such file or directory, open '/nowhere.yaml'",
    ],
    [['surplus'], "too many arguments for 'serve'. Expected 0 arguments but got 1."],
  ])('%j is refused with exit code 2 and one line', async (args, line) => {
    expect(await runCommand(['serve', ...args])).toEqual({ code: 2, stdout: '', stderr: `millrace: ${line}\n` });
  });

  it('refuses a variable that it does not know', async () => {
    const { code, stderr } = await runCommand(['serve'], { env: { MILLRACE_COLOUR: 'red' } });
    expect(code).toBe(2);
    expect(stderr).toMatch(/^millrace: unknown option MILLRACE_COLOUR; there are MILLRACE_MODEL_REPOSITORY, .+\n$/);
  });

  it.each(['--grpc-port', '--admin-port'])('whose %s is in use ends with 1 and one line', async (flag) => {
    const other = flag === '--grpc-port' ? '--admin-port' : '--grpc-port';
    await using taken = await TakenPort.open();
    const { code, stdout, stderr } = await runCommand([...SERVE, flag, String(taken.port), other, '0']);
    expect([code, stdout]).toEqual([1, '']);
    const log = new LogBook();
    log.write(stderr);
    const reason = `127.0.0.1:${taken.port} is in use by another process; --grpc-port and --admin-port choose others (0: any free one)`;
    expect(log.lines).toMatchObject([{ level: 'error', event: 'start_failed', reason }]);
    expect(log.noise).toEqual([]);
  });

  it('whose certificate cannot be read ends with 1 and one line', async () => {
    const tls = ['--tls-cert-file', '/nowhere.crt', '--tls-key-file', '/nowhere.key'];
    const { code, stderr } = await runCommand([...SERVE, ...tls, '--log-level', 'silent']);
    expect([code, stderr]).toEqual([1, 'millrace: there is no /nowhere.crt\n']);
  });

  it('--print-config shows every value and where it came from, and starts nothing', async () => {
    await using directory = await ModelDirectory.create({ 'millrace.yaml': Buffer.from('maxInflight: 7\ngrpcPort: 1\nadminPort: 2\n') });
    const env = { MILLRACE_ADMIN_PORT: '3', MILLRACE_GRPC_PORT: '4' };
    const config = join(directory.path, 'millrace.yaml');
    const { code, stdout, stderr } = await runCommand([...SERVE, '--config', config, '--grpc-port', '5', '--print-config'], { env });
    expect([code, stderr]).toEqual([0, '']);
    const lines = stdout.split('\n').map((line) => line.replace(/ +/g, ' '));
    expect(lines).toEqual(
      expect.arrayContaining([
        `maxInflight: 7 # file ${config}`,
        'adminPort: 3 # environment MILLRACE_ADMIN_PORT',
        'grpcPort: 5 # flag --grpc-port',
        'drainTimeoutMs: 30000 # default',
      ]),
    );
  });
});

describe('help', () => {
  it.each([
    ['', ['Usage: millrace', 'serve', 'check', 'infer']],
    ['serve', ['--model-repository', '--grpc-port', '--drain-timeout-ms', 'Exit codes: 0 ended in order, 1 failure, 2 usage.']],
    ['check', ['repository', 'Exit codes: 0 every model loads, 1 some model does not, 2 usage.']],
    ['infer', ['--input', '--raw', '--stream', '--address', 'Exit codes: 0 answered, 1 refused by the server or not reached, 2 usage.']],
  ])('of "millrace %s" names what there is', async (command, words) => {
    const { code, stdout, stderr } = await runCommand([...(command === '' ? [] : [command]), '--help']);
    expect([code, stderr]).toEqual([0, '']);
    for (const word of words) expect(stdout).toContain(word);
  });

  it('is what no command at all gets, with exit code 2; an unknown one gets one line', async () => {
    const [none, unknown] = await Promise.all([runCommand([]), runCommand(['dance'])]);
    expect([none.code, none.stdout]).toEqual([2, '']);
    expect(none.stderr).toContain('Usage: millrace');
    expect(unknown).toEqual({ code: 2, stdout: '', stderr: "millrace: unknown command 'dance'\n" });
  });
});

describe('millrace check', () => {
  it('prints the signature of every example model', async () => {
    const { code, stdout, stderr } = await runCommand(['check', EXAMPLE_MODELS]);
    expect([code, stderr]).toEqual([0, '']);
    expect(stdout).toContain(
      [
        'digits/1  ready  onnxruntime, max batch size 64, 1 instance',
        '  input   image          FP32   [rows, 64]',
        '  output  label          INT64  [rows, 1]',
        '  output  probabilities  FP32   [rows, 10]',
        '',
      ].join('\n'),
    );
    for (const model of ['iris/1', 'iris/2', 'topics/1', 'digits_conv/1', 'repeat/1']) expect(stdout).toContain(`${model}  ready`);
    expect(stdout).toMatch(/\n9 ready, 0 failed\n$/);
  });

  it('of a repository without models ends with 1, of none with 2', async () => {
    await using empty = await ModelDirectory.create({});
    expect(await runCommand(['check', empty.path])).toEqual({ code: 1, stdout: 'no models found\n', stderr: '' });
    expect(await runCommand(['check', '/nowhere'])).toEqual({
      code: 2,
      stdout: '',
      stderr: 'millrace: check: /nowhere is not a directory\n',
    });
  });
});

describe('millrace infer', () => {
  let app: RunningApp;
  let files: ModelDirectory;

  beforeAll(async () => {
    app = await RunningApp.examples(['digits', 'repeat', 'topics']);
    const seven = [0, 0, 7, 8, 13, 16, 15, 1].flatMap((top) => Array.from({ length: 8 }, () => top));
    files = await ModelDirectory.create({ 'image.bin': new Uint8Array(Float32Array.from(seven).buffer) });
  });

  afterAll(async () => {
    await files[Symbol.asyncDispose]();
    await app[Symbol.asyncDispose]();
  });

  function infer(...args: string[]) {
    return runCommand(['infer', ...args, '--address', app.address]);
  }

  it('prints the label and where the time went', async () => {
    const { code, stdout, stderr } = await infer('digits', '--input', `${INPUTS}/digit-7.json`);
    expect([code, stderr]).toEqual([0, '']);
    expect(stdout).toMatch(/^digits version 1\n {2}label {2}INT64 \[1, 1\]\n {4}7\n/);
    expect(stdout).toMatch(/queued [\d.]+ ms, assembled [\d.]+ ms, executed [\d.]+ ms in a batch of 1 row\n/);
  });

  it('prints JSON that is a request for nothing more', async () => {
    const { code, stdout } = await infer('digits', '--input', `${INPUTS}/digit-7.json`, '--json');
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({
      model: 'digits',
      requestId: 'digit-7',
      outputs: [{ name: 'label', ints: ['7'] }, { name: 'probabilities' }],
    });
  });

  it('--stream prints each message', async () => {
    const { code, stdout } = await infer('digits', '--stream', '--input', `${INPUTS}/digits-10.json`);
    expect(code).toBe(0);
    expect(stdout.match(/^message .*$/gm)).toEqual(['message 0, rows 0 to 3', 'message 1, rows 4 to 7', 'message 2, rows 8 to 9, final']);
  });

  it('--stream prints the responses of a decoupled model, and JSON a line a message', async () => {
    const { code, stdout } = await infer('repeat', '--stream', '--json', '--input', `${INPUTS}/repeat.json`);
    expect(code).toBe(0);
    const messages = stdout
      .trim()
      .split('\n')
      .map((line): unknown => JSON.parse(line));
    expect(messages).toHaveLength(5);
    expect(messages.at(-1)).toMatchObject({ final: true });
  });

  it('takes raw bytes from a file and a request from standard input', async () => {
    const raw = await infer('digits', '--raw', `image=${files.path}/image.bin:FP32:1x64`);
    expect([raw.code, raw.stderr]).toEqual([0, '']);
    expect(raw.stdout).toContain('label  INT64 [1, 1]');
    const request = JSON.stringify({ inputs: [{ name: 'text', datatype: 'DATATYPE_BYTES', shape: ['1', '1'], strings: ['petals'] }] });
    const piped = await runCommand(['infer', 'topics', '--input', '-', '--address', app.address], { stdin: request });
    expect([piped.code, piped.stderr]).toEqual([0, '']);
    expect(piped.stdout).toContain('label  BYTES [1, 1]');
  });

  it('refused by the server ends with 1 and one line', async () => {
    await writeFile(join(files.path, 'unknown.json'), '{"inputs": []}');
    const [unknown, decoupled, wrong] = await Promise.all([
      infer('nonesuch', '--input', `${files.path}/unknown.json`),
      infer('repeat', '--input', `${INPUTS}/repeat.json`),
      infer('digits', '--raw', `image=${files.path}/image.bin:FP32:64`),
    ]);
    expect(unknown).toEqual({ code: 1, stdout: '', stderr: "millrace: NOT_FOUND: Request for unknown model: 'nonesuch' is not found\n" });
    expect([decoupled.code, decoupled.stdout]).toEqual([1, '']);
    expect(decoupled.stderr).toMatch(/^millrace: UNIMPLEMENTED: .+\n$/);
    expect([wrong.code, wrong.stdout]).toEqual([1, '']);
    expect(wrong.stderr).toMatch(/^millrace: INVALID_ARGUMENT: .+\n$/);
  });

  it('with nobody listening ends with 1 and says where it looked', async () => {
    const { code, stdout, stderr } = await runCommand(['infer', 'digits', '--input', `${INPUTS}/digit-7.json`, '--address', NOBODY]);
    expect([code, stdout]).toEqual([1, '']);
    expect(stderr).toMatch(/^millrace: cannot connect to 127\.0\.0\.1:1: .+; is the server running there\? \(millrace serve\)\n$/);
  });

  it.each([
    [['digits'], 'infer: no input; give --input FILE or --raw'],
    [['digits', '--input', '/nowhere.json'], "--input: cannot read /nowhere.json: ENOENT: no such file or directory, open '/nowhere.json'"],
    [['iris', '--input', `${INPUTS}/digit-7.json`], `--input: ${INPUTS}/digit-7.json is a request for model 'digits', not 'iris'`],
    [['--input', 'x.json'], "missing required argument 'model'"],
    [
      ['digits', '--raw', 'image=x.bin'],
      '--raw: "image=x.bin" is not allowed, expected NAME=FILE:DATATYPE:SHAPE, for example image=digit.bin:FP32:1x64',
    ],
  ])('%j is a mistake of usage: 2', async (args, line) => {
    expect(await infer(...args)).toEqual({ code: 2, stdout: '', stderr: `millrace: ${line}\n` });
  });
});

/** A port that somebody else listens on. */
class TakenPort implements AsyncDisposable {
  readonly port: number;
  readonly #close: () => Promise<void>;

  static async open(): Promise<TakenPort> {
    const server = createServer();
    await new Promise<void>((resolve) => {
      server.listen(0, '127.0.0.1', resolve);
    });
    const address = server.address();
    if (address === null || typeof address === 'string') throw new Error('no port');
    return new TakenPort(address.port, () => new Promise((resolve) => server.close(() => resolve())));
  }

  private constructor(port: number, close: () => Promise<void>) {
    this.port = port;
    this.#close = close;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#close();
  }
}
