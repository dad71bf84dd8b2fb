import { writeFileSync } from 'node:fs';
import { findMethod } from '../support/protos.js';

/**
 * The calls that every client of the interoperability tests makes, as bytes, so that none of them needs generated code. Writes them, as JSON, into the
 * file that the argument names, and the framed message of a ModelInfer beside it.
 */
interface Case {
  readonly name: string;
  readonly path: string;
  readonly kind: 'unary' | 'server_stream' | 'bidi';
  /** Base64. */
  readonly requests: readonly string[];
  /** The status that the call ends with; where `take` is set the client cancels after that many answers. */
  readonly status: number;
  readonly take?: number;
  /** Where the call ends well: how many answers there are, and the bytes that each has somewhere in it, in base64. */
  readonly answers: number;
  readonly contains: string;
}

function request(method: string, message: object): Uint8Array {
  return findMethod(method).requestSerialize(message);
}

const base64 = (bytes: Uint8Array): string => Buffer.from(bytes).toString('base64');

function valuesOf(count: number): Uint8Array {
  return new Uint8Array(Float32Array.from({ length: count }, (_, at) => at + 0.5).buffer);
}

function modelInfer(raw: Uint8Array, modelName = 'identity'): Uint8Array {
  const inputs = [{ name: 'INPUT0', datatype: 'FP32', shape: [1, raw.length / 4] }];
  return request('inference.GRPCInferenceService/ModelInfer', { model_name: modelName, inputs, raw_input_contents: [raw] });
}

const SMALL = valuesOf(8);
/** More than any client's or server's first window. */
const LARGE = valuesOf(300_000);

const inputs = (rows: number): readonly object[] => [{ name: 'INPUT0', datatype: 'DATATYPE_FP32', shape: [rows, 8 / rows], raw: SMALL }];
const infer = request('millrace.v1.InferenceService/Infer', { model: 'identity', inputs: inputs(1) });
const inferStream = request('millrace.v1.InferenceService/InferStream', { model: 'identity', inputs: inputs(4), rows_per_message: 1 });
const health = request('grpc.health.v1.Health/Check', {});
const SERVING = new Uint8Array([0x08, 0x01]);
/** Field 7, `list_services`, is "*". */
const listServices = new Uint8Array([0x3a, 0x01, 0x2a]);

const TRITON = '/inference.GRPCInferenceService';
const NOTHING = new Uint8Array(0);

function call(name: string, path: string, requests: readonly Uint8Array[], contains: Uint8Array, rest: Partial<Case> = {}): Case {
  return { name, path, kind: 'unary', requests: requests.map(base64), status: 0, answers: 1, contains: base64(contains), ...rest };
}

const cases: readonly Case[] = [
  call('Infer', '/millrace.v1.InferenceService/Infer', [infer], SMALL),
  call('InferStream', '/millrace.v1.InferenceService/InferStream', [inferStream], NOTHING, { kind: 'server_stream', answers: 4 }),
  call('ModelInfer', `${TRITON}/ModelInfer`, [modelInfer(SMALL)], SMALL),
  call('ModelInfer of 1.2 MB', `${TRITON}/ModelInfer`, [modelInfer(LARGE)], LARGE),
  call('ModelInfer of an unknown model', `${TRITON}/ModelInfer`, [modelInfer(SMALL, 'nothing')], NOTHING, { status: 5, answers: 0 }),
  call(
    'ModelStreamInfer',
    `${TRITON}/ModelStreamInfer`,
    [1, 2, 3].map(() => modelInfer(SMALL)),
    SMALL,
    { kind: 'bidi', answers: 3 },
  ),
  call('health Check', '/grpc.health.v1.Health/Check', [health], SERVING),
  call('health Watch, cancelled', '/grpc.health.v1.Health/Watch', [health], SERVING, { kind: 'server_stream', take: 1, status: 1 }),
  call(
    'reflection',
    '/grpc.reflection.v1.ServerReflection/ServerReflectionInfo',
    [listServices],
    Buffer.from('millrace.v1.InferenceService'),
    {
      kind: 'bidi',
    },
  ),
  call('an unknown method', '/millrace.v1.InferenceService/Nothing', [NOTHING], NOTHING, { status: 12, answers: 0 }),
];

const [, , file] = process.argv;
if (file === undefined) throw new Error('the argument is the file to write');
writeFileSync(file, `${JSON.stringify(cases, null, 2)}\n`);
const message = modelInfer(SMALL);
const prefix = Buffer.alloc(5);
prefix.writeUInt32BE(message.length, 1);
writeFileSync(`${file}.model-infer.bin`, Buffer.concat([prefix, message]));
