import { gatherRows, RowCursor, writeParts } from '../../src/tensor/rows.js';
import type { Tensor } from '../../src/tensor/tensor.js';
import { type Operation, tellNanoseconds } from './nanoseconds.js';

/** What the rows of a batch cost on their way in, where each is copied once, and out, where none is. */
const BATCH = 32;

function rowOf(values: number): Tensor {
  // As in a message: not aligned.
  const data = new Uint8Array(values * Float32Array.BYTES_PER_ELEMENT + 3).subarray(3);
  return { name: 'input', datatype: 'FP32', shape: [1, values], data };
}

function gathering(values: number): Operation {
  const rows = Array.from({ length: BATCH }, () => rowOf(values));
  return { name: `gather ${BATCH} rows of ${values} FP32`, run: (times) => repeat(times, () => gatherRows(rows).byteLength) };
}

function writing(values: number): Operation {
  const gathered = gatherRows(Array.from({ length: BATCH }, () => rowOf(values)));
  const target = new Uint8Array(gathered.byteLength);
  return { name: `copy ${BATCH} rows of ${values} FP32`, run: (times) => repeat(times, () => writeParts(gathered, target, 0)) };
}

function scattering(values: number): Operation {
  const output = { ...rowOf(BATCH * values), shape: [BATCH, values] };
  const scatter = (): number => {
    const cursor = new RowCursor(output);
    let bytes = 0;
    for (let row = 0; row < BATCH; row += 1) bytes += cursor.take(1).data.length;
    return bytes;
  };
  return { name: `scatter ${BATCH} rows of ${values} FP32`, run: (times) => repeat(times, scatter) };
}

function repeat(times: number, work: () => number): number {
  let sum = 0;
  for (let time = 0; time < times; time += 1) sum += work();
  return sum;
}

tellNanoseconds('rows', [gathering(784), writing(10), writing(784), writing(3 * 112 * 112), scattering(10)]);
