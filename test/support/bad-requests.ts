import { status } from '@grpc/grpc-js';
import { type Encoding, type Facade, MILLRACE, OIP, type TestRequest, type TestTensor } from './facades.js';
import type { Value, WireDatatype } from './tensor-codec.js';

/** A request that must be refused, and what its refusal has to say. */
export interface BadRequest {
  readonly what: string;
  readonly request: TestRequest;
  /** Parts of the text: what was wrong, expected and given. */
  readonly says: readonly string[];
  /** INVALID_ARGUMENT unless it says otherwise. */
  readonly code?: number;
  readonly facades?: readonly Facade[];
  readonly encodings?: readonly Encoding[];
}

const TOO_MANY = 2n ** 40n;

export function tensor(
  name: string,
  datatype: WireDatatype,
  shape: readonly (number | bigint)[],
  values: readonly Value[] = Array<Value>(Number(shape.reduce((a: bigint, b) => a * BigInt(b), 1n) % 100_000n)).fill(0),
): TestTensor {
  return { name, datatype, shape, values };
}

export function image(...shape: number[]): TestTensor {
  return tensor('image', 'FP32', shape);
}

/** Given bytes in place of what the shape asks for. */
function rawTensor(name: string, datatype: WireDatatype, shape: readonly number[], raw: Uint8Array): TestTensor {
  return { name, datatype, shape, values: [], raw };
}

export function digits(...inputs: TestTensor[]): TestRequest {
  return { model: 'digits', inputs };
}

function pair(...inputs: TestTensor[]): TestRequest {
  return { model: 'pair', inputs };
}

function topics(...bytes: number[]): TestRequest {
  return { model: 'topics', inputs: [rawTensor('text', 'BYTES', [2, 1], Uint8Array.from(bytes))] };
}

const A = tensor('A', 'FP32', [1, 2]);
const B = tensor('B', 'FP32', [1, 2]);
const LONG = 'x'.repeat(50_000);

const NAMES: readonly BadRequest[] = [
  {
    what: 'an unknown model',
    request: { model: 'nobody', inputs: [image(1, 64)] },
    code: status.NOT_FOUND,
    says: ["model: 'nobody' is not found"],
  },
  { what: 'no model', request: { model: '', inputs: [image(1, 64)] }, code: status.NOT_FOUND, says: ["model: '' is not found"] },
  { what: 'a model with a very long name', request: { model: LONG, inputs: [] }, code: status.NOT_FOUND, says: ['xxx…', 'is not found'] },
  {
    what: 'a path for a model',
    request: { model: '../digits', inputs: [image(1, 64)] },
    code: status.NOT_FOUND,
    says: ["model: '../digits' is not found"],
  },
  {
    what: 'an unknown version',
    request: { model: 'digits', version: '9', inputs: [image(1, 64)] },
    code: status.NOT_FOUND,
    says: ["model: 'digits' version 9 is not found"],
  },
  {
    what: 'an input of another name',
    request: digits({ ...image(1, 64), name: 'pixels' }),
    says: ["unexpected inference input 'pixels' for model 'digits'", "['image']"],
  },
  { what: 'an input with a very long name', request: digits({ ...image(1, 64), name: LONG }), says: ["input 'xxx", "['image']"] },
  { what: 'no input', request: digits(), says: ['expected 1 inputs but got 0', "missing required input(s) ['image']"] },
  {
    what: 'one input of two',
    request: pair(A),
    says: ['expected 2 inputs but got 1', "Got input(s) ['A']", "missing required input(s) ['B']"],
  },
  { what: 'one input twice', request: pair(A, A), says: ["input 'A' already exists in request"] },
  {
    what: 'one input more than there are',
    request: pair(A, B, { ...B, name: 'C' }),
    says: ["unexpected inference input 'C'", "['A','B']"],
  },
  {
    what: '10,000 inputs',
    request: digits(...Array.from({ length: 10_000 }, (_, at) => tensor(`i${at}`, 'FP32', [1], [0]))),
    says: ["unexpected inference input 'i0'", "['image']"],
  },
  {
    what: '10,000 times the same input',
    request: pair(...Array.from({ length: 10_000 }, () => ({ ...A, shape: [1], values: [0] }))),
    says: ["input 'A' already exists in request"],
  },
  {
    what: 'an unknown output',
    request: { ...digits(image(1, 64)), outputs: ['label', 'nope'] },
    says: ["unexpected inference output 'nope' for model 'digits'", "['label','probabilities']"],
  },
  {
    what: 'an output twice',
    request: { ...digits(image(1, 64)), outputs: ['label', 'label'] },
    says: ["output 'label' already exists in request"],
  },
];

const SHAPES: readonly BadRequest[] = [
  {
    what: 'another datatype',
    request: digits(tensor('image', 'FP64', [1, 64])),
    says: ["input 'image' data-type is 'FP64', but model 'digits' expects 'FP32'"],
  },
  {
    what: 'another shape',
    request: digits(image(1, 63)),
    says: ["unexpected shape for input 'image' for model 'digits'", 'Expected [-1,64], got [1,63]'],
  },
  { what: 'a rank too low', request: digits(image(64)), says: ['Expected [-1,64], got [64]'] },
  { what: 'a rank too high', request: digits(image(1, 8, 8)), says: ['Expected [-1,64], got [1,8,8]'] },
  { what: 'a scalar', request: digits(image()), says: ['Expected [-1,64], got []'] },
  {
    what: 'a rank of thousands',
    request: digits(tensor('image', 'FP32', Array<number>(5_000).fill(1), [0])),
    says: ['Expected [-1,64], got [1,1,1,1,1,1,1,1,…]'],
  },
  {
    what: 'a negative dimension',
    request: digits(tensor('image', 'FP32', [-1, 64], [0])),
    says: ["All input dimensions should be specified for input 'image' for model 'digits', got [-1,64]"],
  },
  {
    what: 'the most negative dimension',
    request: digits(tensor('image', 'FP32', [-(2n ** 63n), 64], [0])),
    says: ["All input dimensions should be specified for input 'image'", 'got [-9223372036854775808,64]'],
  },
  {
    what: 'a dimension beyond every number',
    request: digits(tensor('image', 'FP32', [2n ** 63n - 1n, 64], [0])),
    says: ["input 'image' for model 'digits' has too many elements", 'got [9223372036854775807,64]'],
  },
  {
    what: 'a shape whose elements cannot be counted',
    request: { model: 'free', inputs: [tensor('INPUT0', 'FP32', [1, TOO_MANY, TOO_MANY], [0])] },
    says: ["'INPUT0'", `[1,${TOO_MANY},${TOO_MANY}]`],
  },
  {
    what: 'a shape whose elements would be 0 if they were counted in 64 bits',
    request: { model: 'free', inputs: [tensor('INPUT0', 'FP32', [1, 2n ** 32n, 2n ** 32n], [])] },
    says: ["'INPUT0'"],
  },
  {
    what: 'more rows than a batch takes',
    request: { model: 'iris', inputs: [tensor('features', 'FP32', [33, 4])] },
    says: ["batch-size must be <= 32 for 'iris', got 33"],
    // The other cuts them into pieces.
    facades: [OIP],
  },
  { what: 'no rows', request: digits(image(0, 64)), says: ["batch-size must be >= 1 for 'digits', got 0"] },
  {
    what: 'inputs of different rows',
    request: pair(A, tensor('B', 'FP32', [2, 2])),
    says: ["input 'B' batch size does not match other inputs for 'pair'", 'Expected 1, got 2'],
  },
];

const RAW: readonly BadRequest[] = [
  {
    what: 'a byte too few',
    request: digits(rawTensor('image', 'FP32', [1, 64], new Uint8Array(255))),
    says: ["input 'image'", 'Expected 256, got 255'],
  },
  {
    what: 'a byte too many',
    request: digits(rawTensor('image', 'FP32', [1, 64], new Uint8Array(257))),
    says: ["input 'image'", 'Expected 256, got 257'],
  },
  {
    what: 'no bytes',
    request: digits(rawTensor('image', 'FP32', [1, 64], new Uint8Array(0))),
    says: ["input 'image'", 'Expected 256, got 0'],
  },
  {
    what: 'text that ends in a length',
    request: topics(1, 0, 0, 0, 97, 1, 0),
    says: [
      "incomplete string length indicator for inference input 'text' for model 'topics', expecting 4 bytes but only 2 bytes available",
    ],
  },
  {
    what: 'text that ends in an element',
    request: topics(1, 0, 0, 0, 97, 9, 0, 0, 0, 97),
    says: ["inference input 'text'", 'expecting string of length 9 but only 1 bytes available'],
  },
  {
    what: 'the longest length there is',
    request: topics(255, 255, 255, 255),
    says: ["inference input 'text'", 'expecting string of length 4294967295 but only 0 bytes available'],
  },
  {
    what: 'an element too few',
    request: topics(1, 0, 0, 0, 97),
    says: ["expected 2 string elements for inference input 'text' for model 'topics', got 1"],
  },
  {
    what: 'an element too many',
    request: topics(0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0),
    says: ["unexpected number of string elements 3 for inference input 'text' for model 'topics', expecting 2"],
  },
].map((each) => ({ ...each, encodings: ['raw'] as const }));

const TEXTS: readonly BadRequest[] = [
  ['text that is not UTF-8', Uint8Array.of(0xc3, 0x28), "element 1 of input 'text' is not valid UTF-8"] as const,
  ['text with a NUL inside', Uint8Array.of(0x61, 0, 0x62), "element 1 of input 'text' holds a NUL byte"] as const,
].map(([what, element, says]) => ({
  what,
  request: { model: 'topics', inputs: [tensor('text', 'BYTES', [2, 1], ['fine', element])] },
  says: [says],
}));

/** Typed contents are counted in values by one facade and in bytes by the other. */
const TYPED: readonly BadRequest[] = [
  {
    what: 'a value too few',
    request: digits(tensor('image', 'FP32', [1, 64], Array<number>(63).fill(0))),
    facades: [OIP],
    says: ["input 'image' for model 'digits'", 'Expected 256, got 252'],
  },
  {
    what: 'a value too many',
    request: digits(tensor('image', 'FP32', [1, 64], Array<number>(65).fill(0))),
    facades: [MILLRACE],
    says: ["input 'image' for model 'digits' has 65 values in floats, expected 64 for shape [1,64]"],
  },
  {
    what: 'no values',
    request: digits(tensor('image', 'FP32', [1, 64], [])),
    says: ["unable to find data for input tensor 'image' for model 'digits'"],
  },
  {
    what: 'a value out of range',
    request: { model: 'bytes', inputs: [tensor('INPUT0', 'UINT8', [1, 2], [255, 256])] },
    says: ["value 256 at element 1 of input 'INPUT0'", 'UINT8', '0 to 255'],
  },
  {
    what: 'more typed content than is allowed',
    request: digits(tensor('image', 'FP32', [1, 64], Array<number>(70_000).fill(1))),
    says: ['bytes of typed contents, but at most 262144 are allowed: send raw contents'],
  },
].map((each) => ({ ...each, encodings: ['typed'] as const }));

export const BAD_REQUESTS: readonly BadRequest[] = [...NAMES, ...SHAPES, ...RAW, ...TEXTS, ...TYPED];
