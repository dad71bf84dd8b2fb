import type { InferRequest, InferStreamRequest } from '../client/millrace-client.js';
import { createRawTensor } from '../client/raw-tensor.js';
import { RequestError } from '../client/request-error.js';
import { parseInferRequest, parseInferStreamRequest } from '../client/request-json.js';
import { UsageError } from '../config/usage-error.js';
import type { CliIo } from './io.js';
import { parseRawInput } from './raw-input.js';

/** Where the inputs of a request come from, as the command line says it. */
export interface InferInput {
  readonly model: string;
  /** A file with a request as JSON, "-" for standard input. */
  readonly input: string | undefined;
  readonly raw: readonly string[];
  readonly version: string | undefined;
}

type Json = Record<string, unknown>;
type InputIo = Pick<CliIo, 'stdin' | 'readFile'>;

/** Rejects with a UsageError for a file that cannot be read or holds no such request. */
export function readInferRequest(source: InferInput, io: InputIo): Promise<InferRequest> {
  return readRequest(source, {}, parseInferRequest, io);
}

/** The same; `rowsPerMessage` rules over the file's. */
export function readInferStreamRequest(source: InferInput, rowsPerMessage: number | undefined, io: InputIo): Promise<InferStreamRequest> {
  return readRequest(source, rowsPerMessage === undefined ? {} : { rowsPerMessage }, parseInferStreamRequest, io);
}

async function readRequest<T extends InferRequest>(source: InferInput, extra: Json, parse: (json: unknown) => T, io: InputIo): Promise<T> {
  const { model, version, input, raw } = source;
  if (input === undefined && raw.length === 0) throw new UsageError('infer: no input; give --input FILE or --raw');
  const json = input === undefined ? {} : await readJson(input, io);
  if (typeof json['model'] === 'string' && json['model'] !== '' && json['model'] !== model) {
    throw new UsageError(`--input: ${input} is a request for model '${json['model']}', not '${model}'`);
  }
  const named = { ...json, model, ...(version === undefined ? {} : { version }), ...typedUnlessSaid(json), ...extra };
  const request = asUsageError(input === undefined ? '' : `--input: ${input}: `, () => parse(named));
  const tensors = await Promise.all(raw.map((text) => readTensor(text, io)));
  return { ...request, inputs: [...request.inputs, ...tensors] };
}

/** Outputs are asked for in the form that can be printed, unless the request says otherwise. */
function typedUnlessSaid(json: Json): Json {
  const said = json['outputEncoding'] ?? json['output_encoding'];
  return said === undefined || said === null ? { outputEncoding: 'OUTPUT_ENCODING_TYPED' } : {};
}

async function readTensor(text: string, io: InputIo) {
  const { name, file, datatype, shape } = parseRawInput(text);
  const bytes = await readBytes(file, '--raw', io);
  return asUsageError('--raw: ', () => createRawTensor(name, datatype, shape, bytes));
}

async function readJson(path: string, io: InputIo): Promise<Json> {
  const text = (await readBytes(path, '--input', io)).toString('utf8');
  const json = parseJson(text, path);
  if (typeof json !== 'object' || json === null || Array.isArray(json)) throw new UsageError(`--input: ${path} holds no JSON object`);
  return { ...json };
}

function parseJson(text: string, path: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new UsageError(`--input: ${path} is not JSON: ${messageOf(error)}`);
  }
}

async function readBytes(path: string, option: string, io: InputIo): Promise<Buffer> {
  try {
    if (path !== '-') return await io.readFile(path);
    const chunks: Uint8Array[] = [];
    for await (const chunk of io.stdin) chunks.push(chunk);
    return Buffer.concat(chunks);
  } catch (error) {
    throw new UsageError(`${option}: cannot read ${path}: ${messageOf(error)}`);
  }
}

function asUsageError<T>(prefix: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    throw error instanceof RequestError ? new UsageError(`${prefix}${error.message}`) : error;
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
