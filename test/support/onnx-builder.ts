/**
 * Tiny ONNX models without Python: a protobuf writer for the few messages of onnx.proto that they need. Field numbers
 * are those of onnx.proto (IR version 10).
 */
const IR_VERSION = 10;
const OPSET = 21;
/** AttributeProto.INTS */
const INTEGERS = 7;

export const ONNX_TYPES = {
  FP32: 1,
  UINT8: 2,
  INT8: 3,
  UINT16: 4,
  INT16: 5,
  INT32: 6,
  INT64: 7,
  BYTES: 8,
  BOOL: 9,
  FP16: 10,
  FP64: 11,
  UINT32: 12,
  UINT64: 13,
  BF16: 16,
} as const;

export type OnnxType = keyof typeof ONNX_TYPES;

/** An input or output; a string is a symbolic axis. */
export interface OnnxValue {
  readonly name: string;
  readonly type: OnnxType;
  readonly shape: readonly (number | string)[];
  /** Declares a sequence of such tensors. */
  readonly sequence?: boolean;
}

export interface OnnxNode {
  readonly op: string;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  /** Attributes that are lists of integers. */
  readonly attributes?: Readonly<Record<string, readonly number[]>>;
}

export interface OnnxInitializer {
  readonly name: string;
  readonly type: OnnxType;
  readonly dims: readonly number[];
  /** The values, or the name of the file beside the model that holds them. */
  readonly raw: Uint8Array | string;
}

export interface OnnxGraph {
  readonly inputs: readonly OnnxValue[];
  readonly outputs: readonly OnnxValue[];
  readonly nodes: readonly OnnxNode[];
  readonly initializers?: readonly OnnxInitializer[];
}

type Bytes = readonly number[] | Uint8Array;

function varint(value: number): number[] {
  const bytes: number[] = [];
  let rest = BigInt(value);
  while (rest > 127n) {
    bytes.push(Number(rest & 127n) | 128);
    rest >>= 7n;
  }
  return [...bytes, Number(rest)];
}

function integer(field: number, value: number): Bytes {
  return [...varint(field << 3), ...varint(value)];
}

function chunk(field: number, value: Bytes | string): Bytes {
  const body = typeof value === 'string' ? new TextEncoder().encode(value) : value;
  return join([[...varint((field << 3) | 2), ...varint(body.length)], body]);
}

function join(parts: readonly Bytes[]): Uint8Array {
  const bytes = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let offset = 0;
  for (const part of parts) {
    bytes.set(part, offset);
    offset += part.length;
  }
  return bytes;
}

function valueInfo({ name, type, shape, sequence }: OnnxValue): Bytes {
  const dims = shape.map((size) => chunk(1, typeof size === 'string' ? chunk(2, size) : integer(1, size)));
  const tensorType = chunk(1, join([integer(1, ONNX_TYPES[type]), chunk(2, join(dims))]));
  return join([chunk(1, name), chunk(2, sequence === true ? chunk(4, chunk(1, tensorType)) : tensorType)]);
}

function node({ op, inputs, outputs, attributes = {} }: OnnxNode): Bytes {
  const lists = Object.entries(attributes).map(([name, values]) =>
    chunk(5, join([chunk(1, name), ...values.map((value) => integer(8, value)), integer(20, INTEGERS)])),
  );
  return join([...inputs.map((name) => chunk(1, name)), ...outputs.map((name) => chunk(2, name)), chunk(4, op), ...lists]);
}

function initializer({ name, type, dims, raw }: OnnxInitializer): Bytes {
  const location = (file: string) => join([chunk(13, join([chunk(1, 'location'), chunk(2, file)])), integer(14, 1)]);
  const values = typeof raw === 'string' ? location(raw) : chunk(9, raw);
  return join([...dims.map((size) => integer(1, size)), integer(2, ONNX_TYPES[type]), chunk(8, name), values]);
}

/** The bytes of a model.onnx. */
export function buildOnnx({ inputs, outputs, nodes, initializers = [] }: OnnxGraph): Uint8Array {
  const graph = join([
    ...nodes.map((each) => chunk(1, node(each))),
    chunk(2, 'graph'),
    ...initializers.map((each) => chunk(5, initializer(each))),
    ...inputs.map((each) => chunk(11, valueInfo(each))),
    ...outputs.map((each) => chunk(12, valueInfo(each))),
  ]);
  const opset = join([chunk(1, ''), integer(2, OPSET)]);
  return join([integer(1, IR_VERSION), chunk(2, 'millrace-test'), chunk(7, graph), chunk(8, opset)]);
}

/** X → Y, unchanged. */
export function identityOnnx(type: OnnxType, shape: readonly (number | string)[] = ['batch', 'width']): Uint8Array {
  return buildOnnx({
    inputs: [{ name: 'X', type, shape }],
    outputs: [{ name: 'Y', type, shape }],
    nodes: [{ op: 'Identity', inputs: ['X'], outputs: ['Y'] }],
  });
}

/** A + B → C, both of `shape`. */
export function addOnnx(shape: readonly (number | string)[] = ['batch', 2]): Uint8Array {
  return buildOnnx({
    inputs: ['A', 'B'].map((name) => ({ name, type: 'FP32', shape })),
    outputs: [{ name: 'C', type: 'FP32', shape }],
    nodes: [{ op: 'Add', inputs: ['A', 'B'], outputs: ['C'] }],
  });
}

/** X[batch,k] · W[k,n] + B[n] → Y[batch,n]; `weights` is row major. */
export function linearOnnx(weights: readonly (readonly number[])[], bias: readonly number[]): Uint8Array {
  const raw = (values: readonly number[]) => new Uint8Array(Float32Array.from(values).buffer);
  return buildOnnx({
    inputs: [{ name: 'X', type: 'FP32', shape: ['batch', weights.length] }],
    outputs: [{ name: 'Y', type: 'FP32', shape: ['batch', bias.length] }],
    nodes: [{ op: 'Gemm', inputs: ['X', 'W', 'B'], outputs: ['Y'] }],
    initializers: [
      { name: 'W', type: 'FP32', dims: [weights.length, bias.length], raw: raw(weights.flat()) },
      { name: 'B', type: 'FP32', dims: [bias.length], raw: raw(bias) },
    ],
  });
}

/** X[n] + W[2] → Y, with W in the file `file` beside the model. */
export function externalDataOnnx(file: string): Uint8Array {
  return buildOnnx({
    inputs: [{ name: 'X', type: 'FP32', shape: [2] }],
    outputs: [{ name: 'Y', type: 'FP32', shape: [2] }],
    nodes: [{ op: 'Add', inputs: ['X', 'W'], outputs: ['Y'] }],
    initializers: [{ name: 'W', type: 'FP32', dims: [2], raw: file }],
  });
}

function matMulChain(first: string, steps: number): OnnxNode[] {
  return Array.from({ length: steps }, (_, step) => {
    const from = step === 0 ? first : `h${step}`;
    return { op: 'MatMul', inputs: [from, from], outputs: [step === steps - 1 ? 'Y' : `h${step + 1}`] };
  });
}

/** Squares X[size,size] `steps` times: a run that takes a while. */
export function slowRunOnnx(size: number, steps: number): Uint8Array {
  return buildOnnx({
    inputs: [{ name: 'X', type: 'FP32', shape: [size, size] }],
    outputs: [{ name: 'Y', type: 'FP32', shape: [size, size] }],
    nodes: matMulChain('X', steps),
  });
}

/** The same on a constant: the optimizer folds it, so that loading takes a while. */
export function slowLoadOnnx(size: number, steps: number): Uint8Array {
  return buildOnnx({
    inputs: [{ name: 'X', type: 'FP32', shape: [size, size] }],
    outputs: [{ name: 'Z', type: 'FP32', shape: [size, size] }],
    nodes: [
      { op: 'ConstantOfShape', inputs: ['size'], outputs: ['zeros'] },
      ...matMulChain('zeros', steps),
      { op: 'Add', inputs: ['X', 'Y'], outputs: ['Z'] },
    ],
    initializers: [{ name: 'size', type: 'INT64', dims: [2], raw: new Uint8Array(BigInt64Array.of(BigInt(size), BigInt(size)).buffer) }],
  });
}
