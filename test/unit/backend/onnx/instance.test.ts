import { describe, expect, it } from '@jest/globals';
import { ServingError } from '../../../../src/error/serving-error.js';
import type { GatheredTensor } from '../../../../src/tensor/tensor.js';
import { modelSpec } from '../../../support/model-source.js';
import { identityOnnx, slowRunOnnx } from '../../../support/onnx-builder.js';
import { OnnxRig } from '../../../support/onnx-rig.js';
import { never } from '../../../support/pool-rig.js';
import { fp32, numbers, slab } from '../../../support/slab.js';

const SIZE = 384;

function slowInput() {
  return slab('X', 'FP32', [SIZE, SIZE], new Float32Array(SIZE * SIZE));
}

describe('OnnxInstance', () => {
  it('waits for the run in progress before it closes: the run ends well and the process lives', async () => {
    await using rig = await OnnxRig.open(slowRunOnnx(SIZE, 30));
    let running = true;
    const run = rig.run([slowInput()]).finally(() => {
      running = false;
    });
    await Promise.all([rig.instance.close(), rig.instance.close()]);
    expect(running).toBe(false);
    await expect(run).resolves.toMatchObject({ outputs: [{ name: 'Y', shape: [SIZE, SIZE] }] });
  });

  it('runs nothing once it is being closed', async () => {
    await using rig = await OnnxRig.open(slowRunOnnx(SIZE, 10));
    const run = rig.run([slowInput()]);
    const closed = rig.instance.close();
    await run;
    await expect(rig.run([slowInput()])).rejects.toMatchObject({ code: 'backend_unavailable' });
    await closed;
    expect(rig.instance.broken).toBeUndefined();
  });

  it('takes as many runs as it is deep, and does them in order', async () => {
    await using rig = await OnnxRig.open(slowRunOnnx(SIZE, 10));
    expect(rig.instance.depth).toBe(2);
    const ended: string[] = [];
    const runs = ['first', 'second'].map((name) => rig.run([slowInput()]).then(() => ended.push(name)));
    await expect(rig.run([slowInput()])).rejects.toMatchObject({
      code: 'backend_unavailable',
      message: 'the instance is running: it takes no run',
    });
    await Promise.all(runs);
    expect(ended).toEqual(['first', 'second']);
  });

  it('is as deep as the model says', async () => {
    await using rig = await OnnxRig.open(identityOnnx('FP32'), { batching: { ...modelSpec().batching, pipelineDepth: 1 } });
    expect(rig.instance.depth).toBe(1);
    for (const value of [1, 2, 3]) expect((await rig.run([fp32('X', [1, 1], value)])).outputs.map(numbers)).toEqual([[value]]);
  });

  it('reads the inputs before it returns, however they are cut', async () => {
    await using rig = await OnnxRig.open(identityOnnx('FP32', ['n']));
    const message = Buffer.from([9, 9, 9, ...new Uint8Array(Float32Array.of(1, 2, 3).buffer)]);
    const parts = [message.subarray(3, 8), message.subarray(8, 8), message.subarray(8)];
    const run = rig.instance.execute([{ name: 'X', datatype: 'FP32', shape: [3], parts, byteLength: 12 }], never());
    message.fill(0);
    expect((await run).outputs.map(numbers)).toEqual([[1, 2, 3]]);
  });

  it('does not begin a run that nobody waits for', async () => {
    await using rig = await OnnxRig.open(identityOnnx('FP32'));
    await expect(rig.run([fp32('X', [1, 1], 1)], AbortSignal.abort())).rejects.toMatchObject({ code: 'cancelled' });
  });

  it('skips a run that was given up while it waited, and does the next', async () => {
    await using rig = await OnnxRig.open(slowRunOnnx(SIZE, 10));
    const abort = new AbortController();
    const first = rig.run([slowInput()]);
    const second = rig.run([slowInput()], abort.signal);
    abort.abort(new ServingError('deadline_exceeded', 'too late'));
    await expect(second).rejects.toMatchObject({ code: 'deadline_exceeded', message: 'too late' });
    await expect(first).resolves.toMatchObject({ outputs: [{ name: 'Y' }] });
    await expect(rig.run([slowInput()])).resolves.toMatchObject({ outputs: [{ name: 'Y' }] });
  });

  it('finishes a run that was begun', async () => {
    await using rig = await OnnxRig.open(identityOnnx('FP32'));
    const abort = new AbortController();
    const run = rig.run([fp32('X', [1, 1], 1)], abort.signal);
    abort.abort();
    await expect(run).resolves.toMatchObject({ outputs: [{ name: 'Y' }] });
  });

  it.each([
    ['shorter', 3],
    ['longer', 5],
  ])('fails a run whose bytes are %s than they are said to be, and stays well', async (_how, bytes) => {
    await using rig = await OnnxRig.open(identityOnnx('FP32', ['n']));
    const input: GatheredTensor = { name: 'X', datatype: 'FP32', shape: [1], parts: [new Uint8Array(bytes)], byteLength: 4 };
    await expect(rig.instance.execute([input], never())).rejects.toMatchObject({ code: 'backend_failed', isRunFailure: true });
    await expect(rig.run([fp32('X', [1], 1)])).resolves.toMatchObject({ outputs: [{ shape: [1] }] });
  });

  it('keeps the order of runs whichever way they come and go', async () => {
    await using rig = await OnnxRig.open(identityOnnx('FP32', ['n', 'm', 'k']));
    // Small, larger than the first frame, larger than any frame, of more axes than a frame's header holds (which fails), and small again.
    const sizes = [1, 100_000, 5_000_000, 0, 2, 30_000, 1];
    const ended: number[] = [];
    for (let at = 0; at < sizes.length; at += 2) {
      const pair = sizes.slice(at, at + 2).map(async (size, place) => {
        const values = new Float32Array(size).fill(at + place);
        const shape = size === 0 ? new Array<number>(200).fill(0) : [1, size, 1];
        const run = rig.run([slab('X', 'FP32', shape, values)]);
        const outputs = await run.then(
          (execution) => execution.outputs,
          () => [],
        );
        ended.push(at + place);
        return outputs;
      });
      for (const [place, outputs] of (await Promise.all(pair)).entries()) {
        const size = sizes[at + place] ?? 0;
        const bytes = Buffer.from(new Float32Array(size).fill(at + place).buffer);
        expect(outputs.map(({ shape, data }) => ({ shape, same: bytes.equals(data) }))).toEqual(
          size === 0 ? [] : [{ shape: [1, size, 1], same: true }],
        );
      }
    }
    expect(ended).toEqual(sizes.map((_, at) => at));
  });

  it('gives outputs that later runs leave alone', async () => {
    await using rig = await OnnxRig.open(identityOnnx('FP32'));
    const results: number[][] = [];
    const outputs = [];
    for (let value = 0; value < 5; value++) outputs.push(...(await rig.run([fp32('X', [1, 2], value, value + 0.5)])).outputs);
    for (const output of outputs) results.push(numbers(output));
    expect(results).toEqual([0, 1, 2, 3, 4].map((value) => [value, value + 0.5]));
  });

  it('wakes up for each of many runs, with turns of the event loop between them', async () => {
    await using rig = await OnnxRig.open(identityOnnx('FP32'));
    for (let value = 0; value < 300; value++) {
      expect((await rig.run([fp32('X', [1, 1], value)])).outputs.map(numbers)).toEqual([[value]]);
      await new Promise((resolve) => {
        setImmediate(resolve);
      });
    }
  });

  it('has no stream of its own', async () => {
    await using rig = await OnnxRig.open(identityOnnx('FP32'));
    const reading = (async () => {
      for await (const _ of rig.instance.stream([], never())) throw new Error('gave a response');
    })();
    await expect(reading).rejects.toMatchObject({ code: 'unsupported' });
  });
});
