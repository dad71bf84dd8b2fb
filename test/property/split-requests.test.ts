import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { NEWEST } from '../../src/model/id.js';
import { executeSplit } from '../../src/serving/split.js';
import type { Datatype } from '../../src/tensor/datatype.js';
import type { Tensor } from '../../src/tensor/tensor.js';
import { arbitraryDatatype, arbitraryTensor } from '../support/arbitrary-tensors.js';
import { callContext } from '../support/call-context.js';
import { turns } from '../support/event-loop.js';
import { identity } from '../support/fake-slot-source.js';
import { ServableRig } from '../support/servable-rig.js';

interface Column {
  readonly datatype: Datatype;
  readonly rowShape: readonly number[];
}

const columns: fc.Arbitrary<Column[]> = fc.array(
  fc.record({ datatype: arbitraryDatatype, rowShape: fc.array(fc.nat(2), { maxLength: 2 }) }),
  { minLength: 1, maxLength: 3 },
);

const cases = fc
  .record({
    rows: fc.integer({ min: 1, max: 60 }),
    maxBatchSize: fc.integer({ min: 1, max: 12 }),
    slots: fc.integer({ min: 1, max: 3 }),
    maxQueueSize: fc.constantFrom(0, 0, 1, 4),
    /** Turns of the event loop that the runs take, one after the other. */
    paces: fc.array(fc.nat(4), { minLength: 1, maxLength: 8 }),
    columns,
  })
  .chain(({ columns: all, ...options }) =>
    fc.record({
      options: fc.constant(options),
      inputs: fc.tuple(...all.map(({ datatype, rowShape }, at) => arbitraryTensor(`in${at}`, datatype, [options.rows, ...rowShape]))),
    }),
  );

function plain({ name, datatype, shape, data }: Tensor): unknown {
  return { name, datatype, shape, data: [...data] };
}

describe('executeSplit, whatever the rows, their datatypes and the pace of the runs', () => {
  it('answers what one batch of all rows would', async () => {
    await fc.assert(
      fc.asyncProperty(cases, async ({ options: { rows, paces, ...options }, inputs }) => {
        let run = 0;
        await using rig = new ServableRig({
          ...options,
          execute: async (given) => {
            const execution = identity(given);
            await turns(paces[run++ % paces.length]);
            return execution;
          },
        });
        const request = { model: 'm', version: NEWEST, requestId: '', inputs, outputNames: [], priority: 0 };
        const { outputs, timings } = await executeSplit(rig.servable, request, inputs, rows, callContext());
        expect(outputs.map(plain)).toEqual(inputs.map(plain));
        expect(timings.batchSize).toBe(Math.min(rows, options.maxBatchSize));
      }),
      { numRuns: 100 },
    );
  });
});
