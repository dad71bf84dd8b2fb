import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { PaddedEntry } from '../../src/batching/padded-input.js';
import { BatchPadding } from '../../src/batching/padding.js';
import { decodeBytes, encodeBytes } from '../../src/tensor/bytes.js';
import { type Datatype, elementBytes } from '../../src/tensor/datatype.js';
import { copyGathered, RowCursor } from '../../src/tensor/rows.js';
import type { Tensor } from '../../src/tensor/tensor.js';
import { arbitraryDatatype, arbitraryTensor } from '../support/arbitrary-tensors.js';

interface Batch {
  readonly datatype: Datatype;
  /** Of `dims`. */
  readonly axis: number;
  readonly entries: readonly PaddedEntry[];
}

const BATCH: fc.Arbitrary<Batch> = fc
  .record({
    datatype: arbitraryDatatype,
    before: fc.array(fc.integer({ min: 0, max: 3 }), { maxLength: 2 }),
    after: fc.array(fc.integer({ min: 0, max: 3 }), { maxLength: 2 }),
    members: fc.array(fc.record({ rows: fc.integer({ min: 1, max: 3 }), length: fc.nat(5) }), { minLength: 1, maxLength: 5 }),
  })
  .chain(({ datatype, before, after, members }) => {
    const tensors = members.map(({ rows, length }) => arbitraryTensor('x', datatype, [rows, ...before, length, ...after]));
    return fc.tuple(...tensors).map((brought) => ({
      datatype,
      axis: before.length,
      entries: brought.map((tensor, at) => ({ inputs: [tensor], rows: members[at]?.rows ?? 0, length: members[at]?.length ?? 0 })),
    }));
  });

function paddingOf({ datatype, axis }: Batch): BatchPadding {
  const inputs = new Map([['x', { axis, value: 0 }]]);
  return new BatchPadding([{ name: 'x', datatype, dims: [] }], { inputs, outputs: new Map([['x', { axis }]]) });
}

function longest({ entries }: Batch): number {
  return Math.max(...entries.map(({ length }) => length));
}

function elementsOf({ datatype, data }: Tensor): Uint8Array[] {
  if (datatype === 'BYTES') return decodeBytes(data);
  const size = elementBytes(datatype);
  return Array.from({ length: data.length / size }, (_, at) => data.slice(at * size, (at + 1) * size));
}

/** Places of all elements of a shape, in order. */
function placesOf(shape: readonly number[]): number[][] {
  return shape.reduce<number[][]>(
    (places, size) => places.flatMap((place) => Array.from({ length: size }, (_, at) => [...place, at])),
    [[]],
  );
}

/** The padded batch, element by element. */
function reference(batch: Batch, length: number): Uint8Array[] {
  const nothing = new Uint8Array(elementBytes(batch.datatype));
  return batch.entries.flatMap(({ inputs: [tensor] }) => {
    if (tensor === undefined) return [];
    const elements = new Map(placesOf(tensor.shape).map((place, at) => [place.join(), elementsOf(tensor)[at]]));
    return placesOf(tensor.shape.with(batch.axis + 1, length)).map((place) => elements.get(place.join()) ?? nothing);
  });
}

function plain({ name, datatype, shape, data }: Tensor): unknown {
  return { name, datatype, shape, data: [...data] };
}

describe('padding', () => {
  it('makes of its members what a copy element by element would', () => {
    fc.assert(
      fc.property(BATCH, fc.nat(2), (batch, more) => {
        const length = longest(batch) + more;
        const [gathered] = paddingOf(batch).gather(batch.entries, length);
        if (gathered === undefined) throw new RangeError('nothing was gathered');
        expect(gathered.byteLength).toBe(gathered.parts.reduce((bytes, part) => bytes + part.length, 0));
        const { shape, data } = copyGathered(gathered);
        const elements = reference(batch, length);
        const expected = batch.datatype === 'BYTES' ? encodeBytes(elements) : Uint8Array.from(elements.flatMap((element) => [...element]));
        expect([...data]).toEqual([...expected]);
        expect(placesOf(shape)).toHaveLength(elements.length);
      }),
      { numRuns: 300 },
    );
  });

  it('is gone from what a model gives back as it came', () => {
    fc.assert(
      fc.property(BATCH, fc.nat(2), (batch, more) => {
        const length = longest(batch) + more;
        const padding = paddingOf(batch);
        const outputs = padding.gather(batch.entries, length).map(copyGathered);
        padding.assertLength(outputs, length);
        const cursors = outputs.map((output) => new RowCursor(output));
        for (const { inputs, rows, length: own } of batch.entries) {
          const given = padding.unpad(
            cursors.map((cursor) => cursor.take(rows)),
            own,
          );
          expect(given.map(plain)).toEqual(inputs.map(plain));
        }
      }),
      { numRuns: 300 },
    );
  });
});
