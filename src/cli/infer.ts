import { type Command, Option } from 'commander';
import { CallError } from '../client/call-error.js';
import type { CallOptions, ClientOptions, MillraceClient, TlsOptions } from '../client/millrace-client.js';
import { inferResponseToJson, inferStreamResponseToJson } from '../client/response-json.js';
import { UsageError } from '../config/usage-error.js';
import { collect } from './config-flags.js';
import { EXIT, type ExitCode } from './exit-code.js';
import { formatMessage, formatResponse, formatTotal } from './format-response.js';
import { type InferInput, readInferRequest, readInferStreamRequest } from './infer-input.js';
import type { CliIo } from './io.js';
import { RAW_INPUT_FORM } from './raw-input.js';
import { StopRequest } from './stop-request.js';

const FOOTER = `
The request is a millrace.v1.InferRequest in proto3 JSON; the model's name may be left out:

  {"inputs": [{"name": "image", "datatype": "DATATYPE_FP32", "shape": ["1", "64"], "floats": [0, 0, 2, …]}]}

--raw takes a tensor's bytes from a file as they are: little endian, row major, without padding; each BYTES element with
its length before it, 4 bytes, little endian. It may be given once for each input, and beside --input.

Exit codes: 0 answered, 1 refused by the server or not reached, 2 usage.

Examples:
  $ millrace infer digits --input examples/inputs/digit-7.json
  $ millrace infer digits --input examples/inputs/digits-10.json --stream --rows-per-message 4
  $ millrace infer digits --raw image=digit.bin:FP32:1x64 --json`;

const ADDRESS = '127.0.0.1:8001';
const TIMEOUT_MS = '60000';

/** The client as this command needs it. */
export type InferClient = Pick<MillraceClient, 'infer' | 'inferStream' | 'close'>;

export interface InferPorts {
  readonly createClient: (address: string, options: Partial<ClientOptions>) => InferClient;
}

export interface InferFlags {
  readonly address: string;
  readonly input?: string;
  readonly raw?: readonly string[];
  readonly version?: string;
  readonly stream?: boolean;
  readonly rowsPerMessage?: string;
  readonly json?: boolean;
  readonly timeoutMs: string;
  readonly tlsCaFile?: string;
  readonly tlsCertFile?: string;
  readonly tlsKeyFile?: string;
}

export function addInferCommand(program: Command, io: CliIo, ports: InferPorts, exit: (code: ExitCode) => void): void {
  program
    .command('infer')
    .summary('call a running server and print its answer')
    .description('Sends one request to a running server and prints the outputs and where the time went.')
    .argument('<model>', 'name of the model')
    .option('--input <file>', 'request as JSON, - for standard input')
    .option('--raw <tensor>', `input tensor as ${RAW_INPUT_FORM}; may be given more than once`, collect)
    .addOption(new Option('--address <address>', "the server's gRPC address, host:port or unix:/path").default(ADDRESS, ADDRESS))
    .option('--version <version>', 'version or alias of the model (default: the newest that is ready)')
    .option('--stream', 'call InferStream and print each message as it comes')
    .option('--rows-per-message <rows>', 'with --stream: rows in each message (default: the server chooses)')
    .option('--json', 'print the response as JSON, one line a message')
    .addOption(new Option('--timeout-ms <ms>', 'give up after this time, 0: never').default(TIMEOUT_MS, TIMEOUT_MS))
    .option('--tls-ca-file <file>', "call over TLS and trust these certificates (PEM) for the server's")
    .option('--tls-cert-file <file>', "with --tls-ca-file: this client's own certificate (PEM)")
    .option('--tls-key-file <file>', 'with --tls-ca-file: its private key (PEM)')
    .addHelpText('after', FOOTER)
    .action(async (model: string, flags: InferFlags) => exit(await infer(model, flags, io, ports)));
}

/** Rejects with a UsageError before anything is sent. */
export async function infer(model: string, flags: InferFlags, io: CliIo, { createClient }: InferPorts): Promise<ExitCode> {
  const source = { model, input: flags.input, raw: flags.raw ?? [], version: flags.version };
  const timeoutMs = parseCount('--timeout-ms', flags.timeoutMs);
  const call = flags.stream === true ? await prepareStream(source, flags, io) : await prepareUnary(source, flags, io);
  const tls = await readTls(flags, io);
  using stop = new StopRequest(io);
  const client = createClient(flags.address, tls === undefined ? {} : { tls });
  try {
    return await call(client, { timeoutMs, signal: stop.signal });
  } catch (error) {
    if (!(error instanceof CallError)) throw error;
    io.stderr.write(`millrace: ${describeCallError(error, flags.address)}\n`);
    return EXIT.failure;
  } finally {
    client.close();
  }
}

type PreparedCall = (client: InferClient, options: CallOptions) => Promise<ExitCode>;

async function prepareUnary(source: InferInput, { json, rowsPerMessage }: InferFlags, io: CliIo): Promise<PreparedCall> {
  if (rowsPerMessage !== undefined) throw new UsageError('--rows-per-message needs --stream');
  const request = await readInferRequest(source, io);
  return async (client, options) => {
    const startedAt = io.now();
    const response = await client.infer(request, options);
    io.stdout.write(json === true ? toLine(inferResponseToJson(response)) : formatResponse(response, io.now() - startedAt));
    return EXIT.ok;
  };
}

/** Rows that failed inside a stream that went on are a refusal too. */
async function prepareStream(source: InferInput, { json, rowsPerMessage }: InferFlags, io: CliIo): Promise<PreparedCall> {
  const rows = rowsPerMessage === undefined ? undefined : parseCount('--rows-per-message', rowsPerMessage);
  const request = await readInferStreamRequest(source, rows, io);
  return async (client, options) => {
    const startedAt = io.now();
    let code: ExitCode = EXIT.ok;
    for await (const message of client.inferStream(request, options)) {
      if (message.error !== undefined) code = EXIT.failure;
      io.stdout.write(json === true ? toLine(inferStreamResponseToJson(message)) : formatMessage(message));
    }
    if (json !== true) io.stdout.write(formatTotal(io.now() - startedAt));
    return code;
  };
}

async function readTls({ tlsCaFile, tlsCertFile, tlsKeyFile }: InferFlags, io: CliIo): Promise<TlsOptions | undefined> {
  if ((tlsCertFile === undefined) !== (tlsKeyFile === undefined)) throw new UsageError('--tls-cert-file and --tls-key-file go together');
  if (tlsCaFile === undefined) {
    if (tlsCertFile !== undefined) throw new UsageError('--tls-cert-file needs --tls-ca-file');
    return undefined;
  }
  const ca = await io.readFile(tlsCaFile);
  if (tlsCertFile === undefined || tlsKeyFile === undefined) return { ca };
  return { ca, cert: await io.readFile(tlsCertFile), key: await io.readFile(tlsKeyFile) };
}

function describeCallError({ status, message, retryAfterMs }: CallError, address: string): string {
  if (status === 'UNAVAILABLE' && message.startsWith('No connection established')) {
    const reason = message.replace(/ Resolution note: $/, '');
    return `cannot connect to ${address}: ${reason}; is the server running there? (millrace serve)`;
  }
  const retry = retryAfterMs === undefined ? '' : ` (the server asks to try again in ${retryAfterMs} ms)`;
  return `${status}: ${message}${retry}`;
}

function parseCount(option: string, text: string): number {
  const count = /^\d{1,10}$/.test(text) ? Number(text) : Number.NaN;
  if (count <= 2 ** 31 - 1) return count;
  throw new UsageError(`${option}: ${JSON.stringify(text)} is not allowed, expected an integer from 0 to ${2 ** 31 - 1}`);
}

function toLine(json: unknown): string {
  return `${JSON.stringify(json)}\n`;
}
