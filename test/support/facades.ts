import type { DynamicClient } from './dynamic-client.js';
import { decodeRaw, encodeRaw, toBytes, toText, type Value, type WireDatatype } from './tensor-codec.js';

/** A tensor as a test writes it, for either facade. */
export interface TestTensor {
  readonly name: string;
  readonly datatype: WireDatatype;
  readonly shape: readonly (number | bigint)[];
  readonly values: readonly Value[];
  /** Sent as raw contents in place of the values. */
  readonly raw?: Uint8Array;
}

export interface TestRequest {
  readonly model: string;
  readonly version?: string;
  readonly id?: string;
  readonly inputs: readonly TestTensor[];
  readonly outputs?: readonly string[];
}

export interface OutputTensor {
  readonly name: string;
  readonly datatype: WireDatatype;
  readonly shape: readonly number[];
  readonly values: readonly Value[];
}

export interface TestAnswer {
  readonly model: string;
  readonly version: string;
  readonly id: string;
  readonly outputs: readonly OutputTensor[];
}

export type Encoding = 'raw' | 'typed';

/** One of the two gRPC services that answer inference, seen alike. */
export interface Facade {
  readonly name: string;
  readonly inferMethod: string;
  message(request: TestRequest, encoding: Encoding): object;
  parse(answer: object): TestAnswer;
}

/** A tensor of a message of millrace.v1. */
export interface WireTensor {
  readonly name: string;
  readonly datatype: string;
  readonly shape: readonly string[];
  readonly raw?: Buffer;
  readonly bools: readonly boolean[];
  readonly ints: readonly string[];
  readonly uints: readonly string[];
  readonly floats: readonly number[];
  readonly doubles: readonly number[];
  readonly strings: readonly string[];
  readonly bytes_list: readonly Buffer[];
}

export interface WireTimings {
  readonly queue_us: string;
  readonly assemble_us: string;
  readonly execute_us: string;
  readonly batch_size: number;
}

export interface InferResponse {
  readonly model: string;
  readonly version: string;
  readonly request_id: string;
  readonly outputs: readonly WireTensor[];
  readonly timings: WireTimings | null;
}

export interface ModelInferResponse {
  readonly model_name: string;
  readonly model_version: string;
  readonly id: string;
  readonly outputs: readonly {
    readonly name: string;
    readonly datatype: WireDatatype;
    readonly shape: readonly string[];
    readonly contents: object | null;
  }[];
  readonly raw_output_contents: readonly Buffer[];
}

const OIP_FIELDS: Readonly<Record<WireDatatype, string>> = {
  BOOL: 'bool_contents',
  UINT8: 'uint_contents',
  UINT16: 'uint_contents',
  UINT32: 'uint_contents',
  UINT64: 'uint64_contents',
  INT8: 'int_contents',
  INT16: 'int_contents',
  INT32: 'int_contents',
  INT64: 'int64_contents',
  FP16: 'fp32_contents',
  FP32: 'fp32_contents',
  FP64: 'fp64_contents',
  BYTES: 'bytes_contents',
  BF16: 'fp32_contents',
};

const MILLRACE_FIELDS = {
  BOOL: 'bools',
  UINT8: 'uints',
  UINT16: 'uints',
  UINT32: 'uints',
  UINT64: 'uints',
  INT8: 'ints',
  INT16: 'ints',
  INT32: 'ints',
  INT64: 'ints',
  FP16: 'floats',
  FP32: 'floats',
  FP64: 'doubles',
  BYTES: 'bytes_list',
  BF16: 'floats',
} as const satisfies Record<WireDatatype, keyof WireTensor>;

/** inference.GRPCInferenceService */
export const OIP: Facade = {
  name: 'OIP',
  inferMethod: 'inference.GRPCInferenceService/ModelInfer',
  message: ({ model, version = '', id = '', inputs, outputs = [] }, encoding) => ({
    model_name: model,
    model_version: version,
    id,
    inputs: inputs.map((input) => ({ ...head(input), datatype: input.datatype, ...(encoding === 'typed' && oipContents(input)) })),
    outputs: outputs.map((name) => ({ name })),
    raw_input_contents: encoding === 'raw' ? inputs.map(rawOf) : [],
  }),
  parse: (answer) => {
    const { model_name: model, model_version: version, id, outputs, raw_output_contents: raw } = answer as ModelInferResponse;
    const tensors = outputs.map(({ name, datatype, shape }, at) => ({
      name,
      datatype,
      shape: shape.map(Number),
      values: decodeRaw(datatype, raw[at] ?? Buffer.alloc(0)),
    }));
    return { model, version, id, outputs: tensors };
  },
};

/** millrace.v1.InferenceService */
export const MILLRACE: Facade = {
  name: 'millrace.v1',
  inferMethod: 'millrace.v1.InferenceService/Infer',
  message: ({ model, version = '', id = '', inputs, outputs = [] }, encoding) => ({
    model,
    version,
    request_id: id,
    inputs: inputs.map((input) => millraceTensor(input, encoding)),
    output_names: outputs,
  }),
  parse: (answer) => {
    const { model, version, request_id: id, outputs } = answer as InferResponse;
    return { model, version, id, outputs: outputs.map(parseTensor) };
  },
};

export const FACADES: readonly Facade[] = [OIP, MILLRACE];

/** One call, answered. */
export async function infer(client: DynamicClient, facade: Facade, request: TestRequest, encoding: Encoding): Promise<TestAnswer> {
  return facade.parse(await client.unary(facade.inferMethod, facade.message(request, encoding)));
}

export function outputOf({ outputs }: { readonly outputs: readonly OutputTensor[] }, name: string): OutputTensor {
  const output = outputs.find((each) => each.name === name);
  if (output === undefined) throw new Error(`there is no output '${name}' in [${outputs.map((each) => each.name).join()}]`);
  return output;
}

export function parseTensor(tensor: WireTensor): OutputTensor {
  const datatype = tensor.datatype.replace('DATATYPE_', '') as WireDatatype;
  const { name, shape, raw } = tensor;
  return { name, datatype, shape: shape.map(Number), values: raw === undefined ? listOf(tensor, datatype) : decodeRaw(datatype, raw) };
}

function listOf(tensor: WireTensor, datatype: WireDatatype): readonly Value[] {
  if (datatype === 'BYTES') return tensor.strings.length > 0 ? tensor.strings : tensor.bytes_list.map(toText);
  const values = tensor[MILLRACE_FIELDS[datatype]];
  if (datatype === 'INT64' || datatype === 'UINT64') return values.map(BigInt);
  return datatype.includes('INT') ? values.map(Number) : values;
}

function millraceTensor(tensor: TestTensor, encoding: Encoding): object {
  const wire = { ...head(tensor), datatype: `DATATYPE_${tensor.datatype}` };
  if (encoding === 'raw') return { ...wire, raw: rawOf(tensor) };
  return { ...wire, [MILLRACE_FIELDS[tensor.datatype]]: tensor.values.map((value) => typedValue(tensor.datatype, value)) };
}

function oipContents({ datatype, values }: TestTensor): object {
  return { contents: { [OIP_FIELDS[datatype]]: values.map((value) => typedValue(datatype, value)) } };
}

function head({ name, shape }: TestTensor): { readonly name: string; readonly shape: readonly string[] } {
  return { name, shape: shape.map(String) };
}

function rawOf({ datatype, values, raw }: TestTensor): Uint8Array {
  return raw ?? encodeRaw(datatype, values);
}

function typedValue(datatype: WireDatatype, value: Value): boolean | number | string | Buffer {
  if (datatype === 'BYTES') return toBytes(value);
  return typeof value === 'bigint' ? String(value) : (value as boolean | number);
}
