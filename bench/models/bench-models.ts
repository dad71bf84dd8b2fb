import { convolutions, greatest, mlp, tokenLayers } from './graphs.js';

/** A tensor as config.pbtxt declares it: without the batch axis. */
export interface BenchTensor {
  readonly name: string;
  readonly datatype: 'FP32' | 'INT64';
  readonly dims: readonly number[];
}

export interface BenchModel {
  readonly backend: 'onnxruntime' | 'identity';
  readonly input: BenchTensor;
  readonly output: BenchTensor;
  readonly parameters?: Readonly<Record<string, string>>;
  /** The bytes of model.onnx; absent where the backend needs none. */
  readonly build?: () => Uint8Array;
}

const fp32 = (name: string, ...dims: number[]): BenchTensor => ({ name, datatype: 'FP32', dims });

const TOKENS: BenchModel = {
  backend: 'onnxruntime',
  input: { name: 'tokens', datatype: 'INT64', dims: [-1] },
  output: fp32('hidden', -1, 64),
  build: () => tokenLayers(1000, 64, 512, 23),
};

/** The models that are measured. Their weights are seeded: every run and every machine has the same. */
export const BENCH_MODELS = {
  identity: { backend: 'identity', input: fp32('INPUT0', -1), output: fp32('OUTPUT0', -1) },
  mlp_small: { backend: 'onnxruntime', input: fp32('input', 784), output: fp32('output', 10), build: () => mlp([784, 128, 10], 7) },
  mlp_medium: {
    backend: 'onnxruntime',
    input: fp32('input', 768),
    output: fp32('output', 256),
    build: () => mlp([768, 1024, 1024, 256], 16),
  },
  mlp_big: {
    backend: 'onnxruntime',
    input: fp32('input', 1024),
    output: fp32('output', 1024),
    build: () => mlp([1024, 4096, 4096, 1024], 8),
  },
  conv: {
    backend: 'onnxruntime',
    input: fp32('input', 3, 112, 112),
    output: fp32('output', 10),
    build: () => convolutions([3, 16, 32, 64, 64], 112, 10, 9),
  },
  /** Requests of 64 KiB, answers of four bytes. */
  greatest: { backend: 'onnxruntime', input: fp32('input', 16_384), output: fp32('output', 1), build: () => greatest(16_384) },
  /** Requests of different lengths never share a batch. */
  tokens: TOKENS,
  /** They do, padded. */
  tokens_padded: { ...TOKENS, parameters: { 'millrace.pad_inputs': 'tokens[0]=0', 'millrace.pad_outputs': 'hidden[0]' } },
} as const satisfies Readonly<Record<string, BenchModel>>;

export type BenchModelName = keyof typeof BENCH_MODELS;
