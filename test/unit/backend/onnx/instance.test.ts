import { describe, expect, it } from '@jest/globals';
import { identityOnnx, slowRunOnnx } from '../../../support/onnx-builder.js';
import { OnnxRig } from '../../../support/onnx-rig.js';
import { never } from '../../../support/pool-rig.js';
import { fp32, slab } from '../../../support/slab.js';

const SIZE = 384;

function slowInput() {
  return slab('X', 'FP32', [SIZE, SIZE], new Float32Array(SIZE * SIZE));
}

describe('OnnxInstance', () => {
  it('waits for the run in progress before it closes: the run ends well and the process lives', async () => {
    await using rig = await OnnxRig.open(slowRunOnnx(SIZE, 30));
    let running = true;
    const run = rig.instance.execute([slowInput()], never()).finally(() => {
      running = false;
    });
    await Promise.all([rig.instance.close(), rig.instance.close()]);
    expect(running).toBe(false);
    await expect(run).resolves.toMatchObject({ outputs: [{ name: 'Y', shape: [SIZE, SIZE] }] });
  });

  it('runs nothing once it is being closed', async () => {
    await using rig = await OnnxRig.open(slowRunOnnx(SIZE, 10));
    const run = rig.instance.execute([slowInput()], never());
    const closed = rig.instance.close();
    await run;
    await expect(rig.instance.execute([slowInput()], never())).rejects.toMatchObject({ code: 'backend_unavailable' });
    await closed;
    expect(rig.instance.broken).toBeUndefined();
  });

  it('runs one batch at a time', async () => {
    await using rig = await OnnxRig.open(slowRunOnnx(SIZE, 10));
    const run = rig.instance.execute([slowInput()], never());
    await expect(rig.instance.execute([slowInput()], never())).rejects.toMatchObject({ code: 'backend_unavailable' });
    await run;
  });

  it('does not begin a run that nobody waits for, and finishes one that was begun', async () => {
    await using rig = await OnnxRig.open(identityOnnx('FP32'));
    await expect(rig.instance.execute([fp32('X', [1, 1], 1)], AbortSignal.abort())).rejects.toMatchObject({ code: 'cancelled' });
    const abort = new AbortController();
    const run = rig.instance.execute([fp32('X', [1, 1], 1)], abort.signal);
    abort.abort();
    await expect(run).resolves.toMatchObject({ outputs: [{ name: 'Y' }] });
  });

  it('fails a run whose buffers were given away before, and stays well', async () => {
    await using rig = await OnnxRig.open(identityOnnx('FP32', ['n']));
    const input = slab('X', 'FP32', [10_000], new Float32Array(10_000));
    await rig.instance.execute([input], never());
    await expect(rig.instance.execute([input], never())).rejects.toMatchObject({ code: 'backend_failed' });
    await expect(rig.instance.execute([fp32('X', [1], 1)], never())).resolves.toMatchObject({ outputs: [{ shape: [1] }] });
  });

  it('has no stream of its own', async () => {
    await using rig = await OnnxRig.open(identityOnnx('FP32'));
    const reading = (async () => {
      for await (const _ of rig.instance.stream([], never())) throw new Error('gave a response');
    })();
    await expect(reading).rejects.toMatchObject({ code: 'unsupported' });
  });
});
