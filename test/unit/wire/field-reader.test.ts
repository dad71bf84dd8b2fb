import { describe, expect, it } from '@jest/globals';
import { FieldReader, IRREGULAR } from '../../../src/wire/field-reader.js';
import { NameTable } from '../../../src/wire/name-table.js';

function readerOf(...bytes: readonly number[]): FieldReader {
  return new FieldReader(Uint8Array.from(bytes));
}

function shapeOf(tag: number, ...bytes: readonly number[]): number[] | undefined {
  const shape: number[] = [];
  return readerOf(...bytes).readShape(tag, shape) ? shape : undefined;
}

const MAX_SAFE = [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x0f];
const BEYOND_SAFE = [0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x10];
const NEGATIVE = [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01];

describe('FieldReader', () => {
  it('reads tags of one byte', () => {
    expect(readerOf(0x7a).tag()).toBe(0x7a);
    expect(readerOf(0x80, 0x01).tag()).toBe(IRREGULAR);
    expect(readerOf().tag()).toBe(IRREGULAR);
  });

  it('reads numbers up to the largest safe one', () => {
    expect(readerOf(0x7f).varint()).toBe(127);
    expect(readerOf(0x80, 0x01).varint()).toBe(128);
    expect(readerOf(0x85, 0x00).varint()).toBe(5);
    expect(readerOf(...MAX_SAFE).varint()).toBe(Number.MAX_SAFE_INTEGER);
  });

  it.each([[BEYOND_SAFE], [NEGATIVE], [[]], [[0x80]]])('finds %j irregular', (bytes) => {
    expect(readerOf(...bytes).varint()).toBe(IRREGULAR);
  });

  it('reads a length only where its payload is there', () => {
    expect(readerOf(2, 0, 0).length()).toBe(2);
    expect(readerOf(2, 0).length()).toBe(IRREGULAR);
    expect(readerOf(0x80, 0x80, 0x80, 0x80, 0x00).length()).toBe(IRREGULAR);
  });

  it('stays within the part that it has entered', () => {
    const reader = readerOf(1, 2, 3);
    const outer = reader.enter(1);
    expect(reader.varint()).toBe(1);
    expect(reader.hasMore).toBe(false);
    expect(reader.varint()).toBe(IRREGULAR);
    reader.at = 1;
    reader.leave(outer);
    expect(reader.hasMore).toBe(true);
    expect(reader.varint()).toBe(2);
  });

  it('reads a name and steps over it', () => {
    const reader = readerOf(1, 0x78, 1, 0xff, 2);
    const names = new NameTable();
    expect([reader.name(names), reader.name(names), reader.name(names)]).toEqual(['x', undefined, undefined]);
  });

  it('reads shapes, packed or not', () => {
    expect(shapeOf(0x1a, 3, 1, 0x80, 0x02)).toEqual([1, 256]);
    expect(shapeOf(0x1a, 0)).toEqual([]);
    expect(shapeOf(0x18, 7)).toEqual([7]);
  });

  it.each([
    ['another field', 0x22, [1, 1]],
    ['more than there is', 0x1a, [2, 1]],
    ['a size that runs over the end of its list', 0x1a, [1, 0x80, 0x01]],
    ['a negative size', 0x18, NEGATIVE],
  ])('finds no shape in %s', (_what, tag, bytes) => {
    expect(shapeOf(tag, ...bytes)).toBeUndefined();
  });
});
