import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { NEWEST } from '../../src/model/id.js';
import type { StreamPiece } from '../../src/model/infer.js';
import { streamRows } from '../../src/serving/stream.js';
import { callContext } from '../support/call-context.js';
import { turns } from '../support/event-loop.js';
import { identity } from '../support/fake-slot-source.js';
import { int32Rows, readInt32 } from '../support/row-tensors.js';
import { ServableRig } from '../support/servable-rig.js';

const CASE = fc.record({
  rows: fc.integer({ min: 1, max: 120 }),
  rowsPerMessage: fc.integer({ min: 0, max: 12 }),
  maxBatchSize: fc.integer({ min: 1, max: 40 }),
  maxQueueSize: fc.constantFrom(0, 0, 1, 5),
  slots: fc.integer({ min: 1, max: 3 }),
  ordering: fc.constantFrom('in_order' as const, 'as_ready' as const),
  /** Turns of the event loop that the runs take, one after the other. */
  paces: fc.array(fc.nat(4), { minLength: 1, maxLength: 8 }),
});

describe('streamRows, however rows are cut and runs overtake each other', () => {
  it('gives each row once with its own outputs, in pieces of the size asked for, the last one final', async () => {
    await fc.assert(
      fc.asyncProperty(CASE, async ({ rows, rowsPerMessage, ordering, paces, ...options }) => {
        let run = 0;
        await using rig = new ServableRig({
          ...options,
          execute: async (inputs) => {
            await turns(paces[run++ % paces.length]);
            return identity(inputs);
          },
        });
        const inputs = [int32Rows(Array.from({ length: rows }, (_, row) => row))];
        const request = { model: 'm', version: NEWEST, requestId: '', inputs, outputNames: [], priority: 0 };
        const streamOptions = { rowsPerMessage, ordering, onError: 'fail_stream' as const };
        const pieces: StreamPiece[] = [];
        for await (const piece of streamRows(rig.servable, request, inputs, rows, streamOptions, callContext())) pieces.push(piece);

        const inOrder = [...pieces].sort((a, b) => a.rowOffset - b.rowOffset);
        if (ordering === 'in_order') expect(pieces).toEqual(inOrder);
        expect(inOrder.flatMap(({ outputs }) => readInt32(outputs[0]))).toEqual(Array.from({ length: rows }, (_, row) => row));
        let offset = 0;
        for (const { rowOffset, rowCount } of inOrder) {
          expect(rowOffset).toBe(offset);
          expect(rowCount).toBeLessThanOrEqual(Math.min(rowsPerMessage === 0 ? 32 : rowsPerMessage, options.maxBatchSize));
          offset += rowCount;
        }
        expect(pieces.map(({ final }) => final)).toEqual(pieces.map((_, at) => at === pieces.length - 1));
      }),
      { numRuns: 60 },
    );
  });
});
