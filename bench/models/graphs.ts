import { buildOnnx, type OnnxInitializer, type OnnxNode } from '../../test/support/onnx-builder.js';
import { createRandom, weights, zeros } from './random-weights.js';

/** "input" → dense layers of `sizes` with a Relu between two → "output". */
export function mlp(sizes: readonly number[], seed: number): Uint8Array {
  const random = createRandom(seed);
  const layers = sizes.slice(1).map((width, at) => ({ from: sizes[at] ?? 0, width, at, isLast: at === sizes.length - 2 }));
  const nodes = layers.flatMap(({ at, isLast }): OnnxNode[] => {
    const input = at === 0 ? 'input' : `relu${at - 1}`;
    const dense = isLast ? 'output' : `dense${at}`;
    const gemm = { op: 'Gemm', inputs: [input, `w${at}`, `b${at}`], outputs: [dense] };
    return isLast ? [gemm] : [gemm, { op: 'Relu', inputs: [dense], outputs: [`relu${at}`] }];
  });
  return buildOnnx({
    inputs: [{ name: 'input', type: 'FP32', shape: ['batch', sizes[0] ?? 0] }],
    outputs: [{ name: 'output', type: 'FP32', shape: ['batch', sizes.at(-1) ?? 0] }],
    nodes,
    initializers: layers.flatMap(({ from, width, at }) => [weights(`w${at}`, [from, width], from, random), zeros(`b${at}`, width)]),
  });
}

/** Images of `side` x `side` through convolutions of 3 x 3 that halve them, then the mean of each channel through one matrix. */
export function convolutions(channels: readonly number[], side: number, classes: number, seed: number): Uint8Array {
  const random = createRandom(seed);
  const last = channels.at(-1) ?? 0;
  const nodes: OnnxNode[] = [];
  const initializers: OnnxInitializer[] = [];
  for (const [at, width] of channels.slice(1).entries()) {
    const from = channels[at] ?? 0;
    const input = at === 0 ? 'input' : `relu${at - 1}`;
    initializers.push(weights(`k${at}`, [width, from, 3, 3], from * 9, random));
    nodes.push(
      {
        op: 'Conv',
        inputs: [input, `k${at}`],
        outputs: [`conv${at}`],
        attributes: { kernel_shape: [3, 3], pads: [1, 1, 1, 1], strides: [2, 2] },
      },
      { op: 'Relu', inputs: [`conv${at}`], outputs: [`relu${at}`] },
    );
  }
  nodes.push(
    { op: 'GlobalAveragePool', inputs: [`relu${channels.length - 2}`], outputs: ['pool'] },
    { op: 'Flatten', inputs: ['pool'], outputs: ['flat'] },
    { op: 'MatMul', inputs: ['flat', 'head'], outputs: ['output'] },
  );
  return buildOnnx({
    inputs: [{ name: 'input', type: 'FP32', shape: ['batch', channels[0] ?? 0, side, side] }],
    outputs: [{ name: 'output', type: 'FP32', shape: ['batch', classes] }],
    nodes,
    initializers: [...initializers, weights('head', [last, classes], last, random)],
  });
}

/** "tokens" [batch, length] → an embedding and two dense layers for each token → "hidden" [batch, length, width]: its time goes with rows times length. */
export function tokenLayers(vocabulary: number, width: number, inner: number, seed: number): Uint8Array {
  const random = createRandom(seed);
  return buildOnnx({
    inputs: [{ name: 'tokens', type: 'INT64', shape: ['batch', 'length'] }],
    outputs: [{ name: 'hidden', type: 'FP32', shape: ['batch', 'length', width] }],
    nodes: [
      { op: 'Gather', inputs: ['embedding', 'tokens'], outputs: ['embedded'] },
      { op: 'MatMul', inputs: ['embedded', 'up'], outputs: ['wide'] },
      { op: 'Relu', inputs: ['wide'], outputs: ['relu'] },
      { op: 'MatMul', inputs: ['relu', 'down'], outputs: ['hidden'] },
    ],
    initializers: [
      weights('embedding', [vocabulary, width], width, random),
      weights('up', [width, inner], width, random),
      weights('down', [inner, width], inner, random),
    ],
  });
}

/** "input" [batch, width] → its greatest value: an execution that hardly takes time, and an answer of a few bytes. */
export function greatest(width: number): Uint8Array {
  return buildOnnx({
    inputs: [{ name: 'input', type: 'FP32', shape: ['batch', width] }],
    outputs: [{ name: 'output', type: 'FP32', shape: ['batch', 1] }],
    nodes: [{ op: 'ReduceMax', inputs: ['input', 'axes'], outputs: ['output'] }],
    initializers: [{ name: 'axes', type: 'INT64', dims: [1], raw: new Uint8Array(BigInt64Array.of(1n).buffer) }],
  });
}
