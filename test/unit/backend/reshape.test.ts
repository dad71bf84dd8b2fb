import { describe, expect, it } from '@jest/globals';
import type { Instance, InstanceSource } from '../../../src/backend/backend.js';
import { withReshape } from '../../../src/backend/reshape.js';
import type { Execution } from '../../../src/model/infer.js';
import type { ModelSpec, TensorSpec } from '../../../src/model/spec.js';
import { copyGathered, gatherWhole } from '../../../src/tensor/rows.js';
import type { GatheredTensor, Tensor } from '../../../src/tensor/tensor.js';
import { FakeInstance } from '../../support/fake-open-model.js';
import { modelSpec } from '../../support/model-spec.js';
import { never } from '../../support/pool-rig.js';
import { slab } from '../../support/slab.js';

/** Gives its inputs back under the names of the outputs, and remembers what it was given. */
class EchoInstance extends FakeInstance {
  given: readonly Tensor[] = [];
  answer: (input: Tensor) => Tensor = (input) => ({ ...input, name: input.name.replace('IN', 'OUT') });

  constructor() {
    super('m/1#1', () => undefined);
  }

  override execute(inputs: readonly GatheredTensor[] = []): Promise<Execution> {
    return this.#answered(inputs.map(copyGathered));
  }

  override async *stream(inputs: readonly Tensor[] = []): AsyncGenerator<Execution> {
    for (let at = 0; at < 2; at++) yield await this.#answered(inputs);
  }

  #answered(inputs: readonly Tensor[]): Promise<Execution> {
    this.given = inputs;
    return Promise.resolve({ outputs: inputs.map(this.answer), executeUs: 7 });
  }
}

class EchoModel implements InstanceSource {
  readonly slotsPerInstance = 3;
  readonly instance = new EchoInstance();

  createInstance(): Promise<Instance> {
    return Promise.resolve(this.instance);
  }
}

const tensor = (name: string, dims: readonly number[], modelDims?: readonly number[]): TensorSpec => ({
  name,
  datatype: 'UINT8',
  dims,
  modelDims,
});

function specOf(maxBatchSize: number): ModelSpec {
  return modelSpec({
    maxBatchSize,
    inputs: [tensor('IN0', [-1, 4], [-1, 2, 2]), tensor('IN1', [1])],
    outputs: [tensor('OUT0', [-1, 4], [-1, 2, 2]), tensor('OUT1', [1])],
  });
}

async function open(maxBatchSize: number) {
  const model = new EchoModel();
  const source = withReshape(model, specOf(maxBatchSize));
  return { echo: model.instance, source, instance: await source.createInstance(specOf(maxBatchSize), never()) };
}

const SHAPES = (tensors: readonly Tensor[]) => tensors.map(({ shape }) => shape);

describe('withReshape', () => {
  it('gives a model back as it is where requests see what it wants', () => {
    const model = new EchoModel();
    expect(withReshape(model, modelSpec({ inputs: [tensor('IN1', [1])], outputs: [tensor('OUT1', [1])] }))).toBe(model);
  });

  it.each([
    [8, [5, 3, 4], [5, 3, 2, 2], [5, 1]],
    [0, [3, 4], [3, 2, 2], [1]],
  ])('hides the shapes of a model with max batch size %i', async (maxBatchSize, shape, own, other) => {
    const { echo, instance, source } = await open(maxBatchSize);
    const inputs = [slab('IN0', 'UINT8', shape, new Uint8Array(60)), slab('IN1', 'UINT8', other, new Uint8Array(5))];
    const { outputs, executeUs } = await instance.execute(inputs.map(gatherWhole), never());
    expect(SHAPES(echo.given)).toEqual([own, other]);
    expect(SHAPES(outputs)).toEqual([shape, other]);
    expect(outputs[0]?.data).toBe(echo.given[0]?.data);
    expect([executeUs, source.slotsPerInstance]).toEqual([7, 3]);
  });

  it('hides them in what the model streams by itself', async () => {
    const { instance } = await open(0);
    const shapes: unknown[] = [];
    const inputs = [slab('IN0', 'UINT8', [3, 4], new Uint8Array(12)), slab('IN1', 'UINT8', [1], new Uint8Array(1))];
    for await (const { outputs } of instance.stream(inputs, never())) shapes.push(SHAPES(outputs));
    expect(shapes).toEqual(Array(2).fill([[3, 4], [1]]));
  });

  it.each([
    [8, [5, 3, 4], "output 'OUT0' has shape [5,3,1], expected [-1,-1,2,2]"],
    [0, [3, 4], "output 'OUT0' has shape [3,1], expected [-1,2,2]"],
  ])('fails a run whose output is of another shape than the model declares', async (maxBatchSize, shape, message) => {
    const { echo, instance } = await open(maxBatchSize);
    echo.answer = (input) => ({ ...input, name: 'OUT0', shape: [...shape.slice(0, -1), 1] });
    const run = instance.execute([gatherWhole(slab('IN0', 'UINT8', shape, new Uint8Array(60)))], never());
    await expect(run).rejects.toMatchObject({ code: 'backend_failed', message });
  });

  it('is otherwise the instance that it hides', async () => {
    const { echo, instance } = await open(0);
    expect([instance.id, instance.broken, instance.depth]).toEqual([echo.id, undefined, 1]);
    echo.broken = new Error('the worker died');
    expect(instance.broken).toBe(echo.broken);
    await instance.close();
    expect(echo.closes).toBe(1);
  });
});
