import type { TensorContent, TensorView } from '../client/tensor-values.js';

const MAX_ROWS = 10;
const MAX_VALUES = 12;
const MAX_TEXT = 60;
const MAX_BYTES = 16;

/** FP32 has 7 to 9 significant digits, FP16 and BF16 fewer: more would only show how they are stored. */
const DIGITS: Readonly<Record<string, number>> = { FP32: 7, FP16: 4, BF16: 3 };

/** A tensor for reading: name, datatype and shape, then a line for each run of the last axis; long ones are cut. */
export function formatTensor({ name, datatype, shape, content }: TensorView): string {
  return `  ${name}  ${datatype} [${shape.join(', ')}]\n${formatContent(content, shape, DIGITS[datatype])}`;
}

function formatContent(content: TensorContent, shape: readonly number[], digits: number | undefined): string {
  if (content.kind === 'raw') return `    ${formatBytes(content.bytes)}\n`;
  const { values } = content;
  const rowLength = Math.max(1, shape.at(-1) ?? 1);
  const lines: string[] = [];
  for (let start = 0; start < values.length && lines.length < MAX_ROWS; start += rowLength) {
    const shown = values.slice(start, start + Math.min(rowLength, MAX_VALUES)).map((value) => formatValue(value, digits));
    lines.push(`    ${shown.join(' ')}${rowLength > MAX_VALUES ? ` … ${rowLength - MAX_VALUES} more` : ''}\n`);
  }
  const left = Math.ceil(values.length / rowLength) - lines.length;
  return lines.join('') + (left > 0 ? `    … ${left} more lines\n` : '');
}

function formatValue(value: boolean | bigint | number | string | Uint8Array, digits: number | undefined): string {
  if (typeof value === 'number') return digits === undefined ? String(value) : String(Number(value.toPrecision(digits)));
  if (typeof value === 'string') return JSON.stringify(value.length <= MAX_TEXT ? value : `${value.slice(0, MAX_TEXT - 1)}…`);
  return typeof value === 'object' ? formatBytes(value) : String(value);
}

function formatBytes(bytes: Uint8Array): string {
  const shown = Buffer.from(bytes.subarray(0, MAX_BYTES)).toString('hex');
  return `${bytes.length} bytes 0x${shown}${bytes.length > MAX_BYTES ? '…' : ''}`;
}
