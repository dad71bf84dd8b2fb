import { describe, expect, it } from '@jest/globals';
import type { Datatype } from '../../../src/tensor/datatype.js';
import { PadFill } from '../../../src/tensor/pad-fill.js';

function filled(datatype: Datatype, value: number, elements: number): Uint8Array[] {
  const parts: Uint8Array[] = [];
  new PadFill(datatype, value).addTo(parts, elements);
  return parts;
}

describe('PadFill', () => {
  it.each<[Datatype, number, number[]]>([
    ['BOOL', 7, [1]],
    ['BOOL', 0, [0]],
    ['UINT8', 255, [255]],
    ['INT8', -1, [255]],
    ['UINT16', 258, [2, 1]],
    ['INT16', -2, [254, 255]],
    ['UINT32', 2 ** 32 - 1, [255, 255, 255, 255]],
    ['INT32', -100, [156, 255, 255, 255]],
    ['UINT64', 2 ** 40, [0, 0, 0, 0, 0, 1, 0, 0]],
    ['INT64', -1, [255, 255, 255, 255, 255, 255, 255, 255]],
    ['FP16', 1, [0, 60]],
    ['BF16', 1, [128, 63]],
    ['FP32', 1, [0, 0, 128, 63]],
    ['FP64', -2, [0, 0, 0, 0, 0, 0, 0, 192]],
    ['BYTES', 0, [0, 0, 0, 0]],
  ])('fills with a value of %s', (datatype, value, bytes) => {
    expect(filled(datatype, value, 2).map((part) => [...part])).toEqual([[...bytes, ...bytes]]);
  });

  it('adds nothing for no element', () => {
    expect(filled('INT32', 1, 0)).toEqual([]);
  });

  it('tells how many bytes it added', () => {
    expect(new PadFill('FP64', 0).addTo([], 3)).toBe(24);
  });

  it('repeats a buffer of bounded size where more is needed', () => {
    const parts = filled('UINT8', 9, 200_000);
    expect(parts.map(({ length }) => length)).toEqual([65_536, 65_536, 65_536, 3392]);
    expect(new Set(parts.map(({ buffer }) => buffer)).size).toBe(1);
    expect(parts.every((part) => part.every((byte) => byte === 9))).toBe(true);
  });

  it('leaves what it gave before as it was when it grows', () => {
    const fill = new PadFill('UINT16', 513);
    const parts: Uint8Array[] = [];
    fill.addTo(parts, 2);
    fill.addTo(parts, 5000);
    fill.addTo(parts, 3);
    expect(parts.map(({ length }) => length)).toEqual([4, 10_000, 6]);
    expect([...(parts[0] ?? [])]).toEqual([1, 2, 1, 2]);
    expect(parts[2]?.buffer).toBe(parts[1]?.buffer);
  });
});
