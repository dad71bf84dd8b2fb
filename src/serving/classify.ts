import { quote } from '../error/quote.js';
import { invalidRequest, ServingError } from '../error/serving-error.js';
import { encodeBytes } from '../tensor/bytes.js';
import { formatDecimal } from '../tensor/decimal.js';
import { isNumeric, viewNumbers } from '../tensor/numbers.js';
import { elementCount, formatShape } from '../tensor/shape.js';
import type { Tensor } from '../tensor/tensor.js';
import { topIndices } from '../tensor/top-indices.js';

/** Elements of one row. Triton's bound, beyond which ranking them would hold up everybody else. */
const MAX_ROW_ELEMENTS = 1_000_000;
/** Classes of one answer: writing so many takes some tenths of a second, during which nothing else is answered. */
const MAX_CLASSES = 100_000;

/** What the model says of an output's classes. */
export interface Classes {
  /** Whether axis 0 counts rows, each of which has classes of its own. */
  readonly isBatched: boolean;
  readonly labels: readonly string[] | undefined;
}

/**
 * The `count` highest elements of each row as Triton writes them, BYTES of "value:index" or "value:index:label", the highest first; all of a row's
 * elements where it has fewer. An empty label is none. Throws `invalid_request` where the output is too large to be ranked.
 */
export function classify(output: Tensor, count: number, { isBatched, labels }: Classes): Tensor {
  const { name, datatype, shape, data } = output;
  if (!isNumeric(datatype)) throw new ServingError('internal', `output ${quote(name)} of datatype ${datatype} was not refused`);
  const rows = isBatched ? (shape[0] ?? 1) : 1;
  const rowElements = elementCount(isBatched ? shape.slice(1) : shape) ?? Number.POSITIVE_INFINITY;
  const classes = Math.min(count, rowElements);
  if (rowElements > MAX_ROW_ELEMENTS || rows * classes > MAX_CLASSES) throw tooLarge(output, count);
  const numbers = viewNumbers(datatype, data);
  const isFloat = datatype === 'FP32' || datatype === 'FP64';
  const elements: Uint8Array[] = [];
  for (let row = 0; row < rows; row++) {
    const start = row * rowElements;
    for (const index of topIndices(numbers, start, start + rowElements, classes)) {
      const value = formatDecimal(numbers[start + index] ?? 0, isFloat);
      const label = labels?.[index] ?? '';
      elements.push(Buffer.from(label === '' ? `${value}:${index}` : `${value}:${index}:${label}`));
    }
  }
  return { name, datatype: 'BYTES', shape: isBatched ? [rows, classes] : [classes], data: encodeBytes(elements) };
}

function tooLarge({ name, shape }: Tensor, count: number): ServingError {
  return invalidRequest(
    `classification output tensor too large: the best ${count} of output ${quote(name)} of shape ${formatShape(shape)}, ` +
      `expected at most ${MAX_ROW_ELEMENTS} elements a row and ${MAX_CLASSES} classes`,
  );
}
