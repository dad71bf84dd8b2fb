import { describe, expect, it } from '@jest/globals';
import { formatTensor } from '../../../src/cli/format-tensor.js';
import type { TensorContent } from '../../../src/client/tensor-values.js';

const values = (...list: Extract<TensorContent, { kind: 'values' }>['values'][number][]): TensorContent => ({
  kind: 'values',
  values: list,
});
const format = (datatype: string, shape: number[], content: TensorContent) => formatTensor({ name: 'y', datatype, shape, content });

describe('formatTensor', () => {
  it('gives each run of the last axis a line', () => {
    expect(format('INT64', [2, 3], values(1n, 2n, 3n, 4n, 5n, 6n))).toBe('  y  INT64 [2, 3]\n    1 2 3\n    4 5 6\n');
  });

  it('shows the digits that the datatype has', () => {
    expect(format('FP32', [1], values(Math.fround(0.1)))).toContain('    0.1\n');
    expect(format('FP16', [1], values(0.0999755859375))).toContain('    0.09998\n');
    expect(format('FP64', [1], values(0.1 + 0.2))).toContain('    0.30000000000000004\n');
    expect(format('FP32', [2], values(Number.NaN, Number.NEGATIVE_INFINITY))).toContain('    NaN -Infinity\n');
  });

  it('quotes texts and shows bytes in hex', () => {
    expect(format('BYTES', [2], values('a "b"', Uint8Array.of(0, 255)))).toContain('    "a \\"b\\"" 2 bytes 0x00ff\n');
    expect(format('BYTES', [1], values('x'.repeat(100)))).toContain(`    "${'x'.repeat(59)}…"\n`);
    expect(format('BOOL', [1], values(true))).toContain('    true\n');
  });

  it('cuts long lines and many lines, saying how much is left', () => {
    const many = values(...Array.from({ length: 30 * 20 }, (_, at) => at));
    const lines = format('FP64', [30, 20], many).trimEnd().split('\n');
    expect(lines).toHaveLength(12);
    expect(lines[1]).toBe('    0 1 2 3 4 5 6 7 8 9 10 11 … 8 more');
    expect(lines.at(-1)).toBe('    … 20 more lines');
  });

  it('shows a scalar, an empty tensor and raw bytes', () => {
    expect(format('INT32', [], values(7n))).toBe('  y  INT32 []\n    7\n');
    expect(format('INT32', [0], values())).toBe('  y  INT32 [0]\n');
    expect(format('FP32', [5], { kind: 'raw', bytes: new Uint8Array(20) })).toContain(`    20 bytes 0x${'00'.repeat(16)}…\n`);
  });
});
