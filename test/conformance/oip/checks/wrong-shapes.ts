import { sampleTensor } from '../sample.js';
import { section } from '../section.js';
import { rawRequest, type Subject, sampleInputs } from '../subject.js';
import type { Tensor } from '../tensor.js';
import { type WrongRequest, withInput } from './wrong-request.js';

const INPUT = section('OIP REST', 'Request Input');
const METADATA = section('OIP gRPC', 'Model Metadata');
const TYPES = section('OIP gRPC', 'Tensor Data Types');
const DATA = section('OIP gRPC', 'Tensor Data');
const ANY = 'that answers ModelInfer';

/** Another datatype of the same size, so that nothing but the datatype is wrong. */
const OTHER = {
  BOOL: 'INT8',
  UINT8: 'INT8',
  UINT16: 'INT16',
  UINT32: 'INT32',
  UINT64: 'INT64',
  INT8: 'UINT8',
  INT16: 'FP16',
  INT32: 'FP32',
  INT64: 'FP64',
  FP16: 'INT16',
  BF16: 'FP16',
  FP32: 'INT32',
  FP64: 'INT64',
  BYTES: undefined,
} as const;

/** The input with another shape and as many values as that asks for. */
function reshaped({ name, datatype }: Tensor, shape: readonly number[]): Tensor {
  return sampleTensor(name, datatype, shape, 1);
}

function slotShape({ inputs }: Subject, name: string): readonly number[] {
  return inputs.find((input) => input.name === name)?.shape ?? [];
}

/** The request as text of its shapes; for dimensions that no number holds. */
function withShape(model: string, inputs: readonly Tensor[], shape: readonly string[], raw: Buffer) {
  const request = rawRequest(model, inputs);
  return {
    ...request,
    inputs: request.inputs.map((input, at) => (at === 0 ? { ...input, shape } : input)),
    raw_input_contents: inputs.map((input, at) => (at === 0 ? raw : input.raw)),
  };
}

function batchLimit({ batched, config }: Subject): number {
  return batched ? (config?.max_batch_size ?? 0) : 0;
}

/** Datatypes and shapes. */
export const WRONG_SHAPES: readonly WrongRequest[] = [
  {
    id: 'refuse.wrong-datatype',
    title: 'A request with another datatype than the model has',
    level: 'should',
    section: METADATA,
    needs: 'with an input of a fixed element size',
    code: 'INVALID_ARGUMENT',
    make: (subject, inputs) =>
      withInput(subject, inputs, ({ datatype }) => {
        const other = OTHER[datatype];
        return other === undefined ? undefined : { datatype: other };
      }),
  },
  {
    id: 'refuse.unknown-datatype',
    title: 'A request with a datatype that is none',
    level: 'must',
    section: TYPES,
    needs: ANY,
    code: 'INVALID_ARGUMENT',
    make: ({ name }, inputs) => {
      const request = rawRequest(name, inputs);
      return { ...request, inputs: request.inputs.map((input, at) => (at === 0 ? { ...input, datatype: 'FLOAT' } : input)) };
    },
  },
  {
    id: 'refuse.no-datatype',
    title: 'A request with an empty datatype',
    level: 'should',
    section: TYPES,
    needs: ANY,
    code: 'INVALID_ARGUMENT',
    make: ({ name }, inputs) => {
      const request = rawRequest(name, inputs);
      return { ...request, inputs: request.inputs.map((input, at) => (at === 0 ? { ...input, datatype: '' } : input)) };
    },
  },
  {
    id: 'refuse.wrong-size',
    title: 'A request with another size of a fixed dimension',
    level: 'should',
    section: METADATA,
    needs: 'with a fixed dimension',
    code: 'INVALID_ARGUMENT',
    make: (subject, inputs) =>
      withInput(subject, inputs, (input) => {
        const fixed = slotShape(subject, input.name).findIndex((size) => size > 0);
        return fixed === -1
          ? undefined
          : reshaped(
              input,
              input.shape.map((size, axis) => (axis === fixed ? size + 1 : size)),
            );
      }),
  },
  {
    id: 'refuse.low-rank',
    title: 'A request with a dimension too few',
    level: 'should',
    section: METADATA,
    needs: 'with an input of a dimension',
    code: 'INVALID_ARGUMENT',
    make: (subject, inputs) =>
      withInput(subject, inputs, (input) => (input.shape.length === 0 ? undefined : reshaped(input, input.shape.slice(1)))),
  },
  {
    id: 'refuse.high-rank',
    title: 'A request with a dimension too many',
    level: 'should',
    section: METADATA,
    needs: ANY,
    code: 'INVALID_ARGUMENT',
    make: (subject, inputs) => withInput(subject, inputs, (input) => ({ shape: [...input.shape, 1] })),
  },
  {
    id: 'refuse.negative-size',
    title: 'A request with a negative dimension',
    level: 'must',
    section: INPUT,
    needs: 'with an input of a dimension',
    code: 'INVALID_ARGUMENT',
    make: (subject, inputs) =>
      withInput(subject, inputs, ({ shape }) => (shape.length === 0 ? undefined : { shape: [-1, ...shape.slice(1)] })),
  },
  {
    id: 'refuse.huge-size',
    title: 'A request with a dimension of 2^62 and a few bytes',
    level: 'must',
    section: DATA,
    needs: 'with an input of a dimension',
    code: 'INVALID_ARGUMENT',
    make: ({ name }, inputs) => {
      const [first] = inputs;
      if (first === undefined || first.shape.length === 0) return undefined;
      return withShape(name, inputs, [...first.shape.slice(0, -1).map(String), String(2n ** 62n)], first.raw);
    },
  },
  {
    id: 'refuse.overflowing-shape',
    title: 'A request with a shape whose element count is 0 in 64 bits, and no bytes',
    level: 'must',
    section: DATA,
    needs: 'with an input of two dimensions',
    code: 'INVALID_ARGUMENT',
    make: ({ name }, inputs) => {
      const [first] = inputs;
      if (first === undefined || first.shape.length < 2) return undefined;
      const half = String(2n ** 32n);
      return withShape(name, inputs, [...first.shape.slice(2).map(String), half, half], Buffer.alloc(0));
    },
  },
  {
    id: 'refuse.unequal-rows',
    title: 'A request whose inputs have different numbers of rows',
    level: 'should',
    section: INPUT,
    needs: 'with several inputs that takes several rows',
    code: 'INVALID_ARGUMENT',
    make: (subject, inputs) => {
      if (!subject.batched || inputs.length < 2) return undefined;
      const [two] = sampleInputs(subject, { seed: 1, rows: 2 });
      return two === undefined ? undefined : rawRequest(subject.name, [two, ...inputs.slice(1)]);
    },
  },
  {
    id: 'refuse.too-many-rows',
    title: 'A request with more rows than max_batch_size',
    level: 'triton',
    section: section('Triton protocol', 'extension_model_configuration.md'),
    needs: 'whose ModelConfig has a max_batch_size below 1000',
    code: 'INVALID_ARGUMENT',
    make: (subject) => {
      const limit = batchLimit(subject);
      if (limit === 0 || limit > 1000) return undefined;
      return rawRequest(subject.name, sampleInputs(subject, { seed: 1, rows: limit + 1 }));
    },
  },
];
