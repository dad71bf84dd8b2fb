import { describe, expect, it } from '@jest/globals';
import { encodeBytes } from '../../../../src/tensor/bytes.js';
import type { Datatype } from '../../../../src/tensor/datatype.js';
import { addOnnx, buildOnnx, identityOnnx, linearOnnx, type OnnxType } from '../../../support/onnx-builder.js';
import { OnnxRig } from '../../../support/onnx-rig.js';
import { fp32, numbers, slab } from '../../../support/slab.js';

function text(...elements: string[]): Uint8Array<ArrayBuffer> {
  return encodeBytes(elements.map((element) => new TextEncoder().encode(element)));
}

const VALUES: Record<Exclude<Datatype, 'BF16'>, ArrayBufferView> = {
  BOOL: Uint8Array.of(0, 1, 1, 0),
  UINT8: Uint8Array.of(0, 1, 254, 255),
  UINT16: Uint16Array.of(0, 1, 65_534, 65_535),
  UINT32: Uint32Array.of(0, 1, 2 ** 31, 2 ** 32 - 1),
  UINT64: BigUint64Array.of(0n, 1n, 2n ** 63n, 2n ** 64n - 1n),
  INT8: Int8Array.of(-128, -1, 0, 127),
  INT16: Int16Array.of(-32_768, -1, 0, 32_767),
  INT32: Int32Array.of(-(2 ** 31), -1, 0, 2 ** 31 - 1),
  INT64: BigInt64Array.of(-(2n ** 63n), -1n, 0n, 2n ** 63n - 1n),
  // 1, -2, infinity and the smallest subnormal, as bits.
  FP16: Uint16Array.of(0x3c00, 0xc000, 0x7c00, 0x0001),
  FP32: Float32Array.of(1.5, -0, Number.POSITIVE_INFINITY, 1e-40),
  FP64: Float64Array.of(1.5, -0, Number.NaN, 1e-310),
  BYTES: text('', 'plain', 'žluťoučký 🐎', '\u{feff}mark'),
};

describe('the ONNX worker', () => {
  it.each(Object.keys(VALUES) as (keyof typeof VALUES)[])('carries %s through the runtime unchanged', async (datatype) => {
    await using rig = await OnnxRig.open(identityOnnx(datatype));
    expect(rig.model.signature).toEqual({
      inputs: [{ name: 'X', datatype, shape: [-1, -1] }],
      outputs: [{ name: 'Y', datatype, shape: [-1, -1] }],
    });
    const input = slab('X', datatype, [2, 2], VALUES[datatype]);
    const bytes = Uint8Array.from(input.data);
    const { outputs, executeUs } = await rig.run([input]);
    expect(outputs).toHaveLength(1);
    expect(outputs[0]).toMatchObject({ name: 'Y', datatype, shape: [2, 2] });
    expect(Array.from(outputs[0]?.data ?? [])).toEqual(Array.from(bytes));
    expect(executeUs).toBeGreaterThan(0);
  });

  it.each<OnnxType>(['FP32', 'BYTES'])('carries a tensor of no elements (%s)', async (datatype) => {
    await using rig = await OnnxRig.open(identityOnnx(datatype));
    const { outputs } = await rig.run([slab('X', datatype, [0, 2], new Uint8Array(0))]);
    expect(outputs[0]).toMatchObject({ shape: [0, 2] });
    expect(outputs[0]?.data).toHaveLength(0);
  });

  it('carries a scalar and tells fixed axes from symbolic ones', async () => {
    await using scalar = await OnnxRig.open(identityOnnx('FP32', []));
    const { outputs } = await scalar.run([fp32('X', [], 4)]);
    expect(outputs[0]?.shape).toEqual([]);
    await using fixed = await OnnxRig.open(identityOnnx('FP32', [3, 'n']));
    expect(fixed.model.signature.inputs[0]?.shape).toEqual([3, -1]);
  });

  it('takes inputs by name, whatever their order', async () => {
    await using rig = await OnnxRig.open(
      buildOnnx({
        inputs: ['A', 'B'].map((name) => ({ name, type: 'FP32', shape: [2] })),
        outputs: [{ name: 'C', type: 'FP32', shape: [2] }],
        nodes: [{ op: 'Sub', inputs: ['A', 'B'], outputs: ['C'] }],
      }),
    );
    const { outputs } = await rig.run([fp32('B', [2], 1, 2), fp32('A', [2], 10, 20)]);
    expect(outputs.map(numbers)).toEqual([[9, 18]]);
  });

  it('fetches all outputs in the order of the model', async () => {
    await using rig = await OnnxRig.open(
      buildOnnx({
        inputs: [{ name: 'X', type: 'FP32', shape: ['n'] }],
        outputs: ['negative', 'absolute'].map((name) => ({ name, type: 'FP32', shape: ['n'] })),
        nodes: [
          { op: 'Abs', inputs: ['X'], outputs: ['absolute'] },
          { op: 'Neg', inputs: ['X'], outputs: ['negative'] },
        ],
      }),
    );
    const { outputs } = await rig.run([fp32('X', [2], -1, 2)]);
    expect(outputs.map(({ name }) => name)).toEqual(['negative', 'absolute']);
    expect(outputs.map(numbers)).toEqual([
      [1, -2],
      [1, 2],
    ]);
  });

  it('multiplies a batch of rows by its weights', async () => {
    await using rig = await OnnxRig.open(
      linearOnnx(
        [
          [1, 2],
          [3, 4],
          [5, 6],
        ],
        [10, 20],
      ),
    );
    const { outputs } = await rig.run([fp32('X', [2, 3], 1, 0, 0, 1, 1, 1)]);
    expect(outputs.map(numbers)).toEqual([[11, 22, 19, 32]]);
  });

  it('hands large tensors over and gets them back whole', async () => {
    await using rig = await OnnxRig.open(identityOnnx('FP32'));
    const values = Float32Array.from({ length: 100_000 }, (_, at) => at);
    for (const from of [0, 1]) {
      const { outputs } = await rig.run([
        slab(
          'X',
          'FP32',
          [100, 1000],
          values.map((value) => value + from),
        ),
      ]);
      expect(outputs.map(numbers)).toEqual([Array.from(values, (value) => value + from)]);
    }
  });

  it('answers a run that fails in the runtime and runs the next', async () => {
    await using rig = await OnnxRig.open(addOnnx(['n']));
    const failing = rig.run([fp32('A', [2], 1, 2), fp32('B', [3], 1, 2, 3)]);
    await expect(failing).rejects.toMatchObject({
      code: 'backend_failed',
      message: 'the model failed to execute in the runtime',
      isRunFailure: true,
      cause: { message: expect.stringContaining('Add') },
    });
    const { outputs } = await rig.run([fp32('A', [1], 1), fp32('B', [1], 2)]);
    expect(outputs.map(numbers)).toEqual([[3]]);
    expect(rig.instance.broken).toBeUndefined();
  });

  it('answers a run whose input it cannot build', async () => {
    await using rig = await OnnxRig.open(identityOnnx('FP32'));
    for (const input of [fp32('X', [3, 3], 1), slab('X', 'BF16', [1, 1], new Uint8Array(2)), fp32('Q', [1, 1], 1)]) {
      await expect(rig.run([input])).rejects.toMatchObject({ code: 'backend_failed' });
    }
    expect(rig.instance.broken).toBeUndefined();
  });

  it.each([
    ['is not valid UTF-8', Uint8Array.of(0x61, 0xff)],
    ['holds a NUL byte', Uint8Array.of(0x61, 0, 0x62)],
  ])('refuses an element that %s', async (problem, element) => {
    await using rig = await OnnxRig.open(identityOnnx('BYTES'));
    const input = slab('X', 'BYTES', [1, 2], encodeBytes([Uint8Array.of(0x61), element]));
    await expect(rig.run([input])).rejects.toMatchObject({
      code: 'invalid_request',
      message: expect.stringContaining(`element 1 of input 'X' ${problem}`),
    });
  });
});
