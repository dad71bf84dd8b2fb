import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { WarmupInput } from '../../src/model/spec.js';
import { validateRequest } from '../../src/model/validate.js';
import { prepareWarmUps } from '../../src/serving/warm-up.js';
import { warmedModel } from '../../src/serving/warmed-model.js';
import { copyGathered } from '../../src/tensor/rows.js';
import type { GatheredTensor, SlabTensor } from '../../src/tensor/tensor.js';
import { arbitraryDatatype } from '../support/arbitrary-tensors.js';
import { modelSource } from '../support/model-source.js';
import { modelSpec } from '../support/model-spec.js';
import { never } from '../support/pool-rig.js';

const MAX_BATCH_SIZE = 5;

const arbitraryInput = fc.record({
  datatype: arbitraryDatatype,
  dims: fc.array(fc.nat(4), { maxLength: 3 }),
  data: fc.constantFrom({ kind: 'zero' } as const, { kind: 'random' } as const),
});

const arbitraryInputs: fc.Arbitrary<WarmupInput[]> = fc
  .array(arbitraryInput, { minLength: 1, maxLength: 3 })
  .map((inputs) => inputs.map((input, at) => ({ name: `x${at}`, ...input })));

const arbitraryRows = fc.integer({ min: 1, max: MAX_BATCH_SIZE });
const arbitraryRandom = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });

describe('a warm-up of zeros and random data', () => {
  it('runs with whole requests that clients could send', async () => {
    await fc.assert(
      fc.asyncProperty(arbitraryInputs, arbitraryRows, fc.boolean(), arbitraryRandom, async (inputs, rows, batched, random) => {
        const spec = modelSpec({ maxBatchSize: batched ? MAX_BATCH_SIZE : 0, inputs });
        const source = modelSource({ warmups: [{ name: 'w', batchSize: batched ? rows : 1, count: 1, inputs: [...inputs].reverse() }] });
        const warmUps = await prepareWarmUps({ source, spec, model: {}, random: () => random }, never());
        const runs: (readonly SlabTensor[])[] = [];
        const execute = (given: readonly GatheredTensor[]) => {
          runs.push(given.map(copyGathered));
          return Promise.resolve({ outputs: [], executeUs: 0 });
        };
        const stream = () => {
          throw new Error('nobody streams');
        };
        const instance = { id: 'm/1#1', broken: undefined, depth: 1, execute, stream, close: () => Promise.resolve() };
        const model = { slotsPerInstance: 1, createInstance: () => Promise.resolve(instance) };
        await warmedModel(model, warmUps).createInstance(spec, never());
        expect(runs).toHaveLength(1);
        const version = { kind: 'version', version: '1' } as const;
        for (const given of runs) {
          const request = { model: 'm', version, requestId: '', inputs: given, outputNames: [], priority: 0 };
          expect(validateRequest(request, spec)).toBe(batched ? rows : 1);
          expect(given.map(({ name }) => name)).toEqual(inputs.map(({ name }) => name));
        }
      }),
      { numRuns: 50 },
    );
  });
});
