import type { OnnxInitializer } from '../../test/support/onnx-builder.js';

/** Uniform numbers from 0 to 1, the same for the same seed (xorshift32). */
export function createRandom(seed: number): () => number {
  // Zero is the one state that it never leaves.
  let state = (seed * 0x9e3779b1) | 1;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) / 2 ** 32;
  };
}

/** A number of the standard normal distribution, made of two uniform ones (Box and Muller). */
export function normal(random: () => number): number {
  return Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
}

/** FP32 values whose spread keeps the sums over `fanIn` of them about 1. */
export function weights(name: string, dims: readonly number[], fanIn: number, random: () => number): OnnxInitializer {
  const count = dims.reduce((product, size) => product * size, 1);
  const spread = Math.sqrt(3 / fanIn);
  const values = Float32Array.from({ length: count }, () => (2 * random() - 1) * spread);
  return { name, type: 'FP32', dims, raw: new Uint8Array(values.buffer) };
}

export function zeros(name: string, size: number): OnnxInitializer {
  return { name, type: 'FP32', dims: [size], raw: new Uint8Array(4 * size) };
}
