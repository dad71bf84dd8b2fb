import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { DynamicTable } from '../../../../src/http2/hpack/dynamic-table.js';
import { HeaderField } from '../../../../src/http2/hpack/header-field.js';

function field(valueLength: number): HeaderField {
  return new HeaderField('a', 'v'.repeat(valueLength));
}

function contents(table: DynamicTable): (HeaderField | undefined)[] {
  return Array.from({ length: table.count }, (_, index) => table.at(index));
}

describe('DynamicTable', () => {
  it('has the newest first and nothing behind the oldest', () => {
    const table = new DynamicTable(200);
    const [first, second] = [field(1), field(2)];
    expect([table.add(first), table.add(second)]).toEqual([0, 0]);
    expect(contents(table)).toEqual([second, first]);
    expect(table.at(2)).toBeUndefined();
    expect(table.size).toBe(34 + 35);
  });

  it('evicts the oldest until the new one fits, exactly', () => {
    const table = new DynamicTable(3 * 34);
    const fields = [field(1), field(1), field(1), field(1)];
    expect(fields.map((each) => table.add(each))).toEqual([0, 0, 0, 1]);
    expect(contents(table)).toEqual([fields[3], fields[2], fields[1]]);
    expect(table.add(field(2))).toBe(2);
  });

  it('is emptied by a field that is larger than all of it', () => {
    const table = new DynamicTable(100);
    table.add(field(1));
    expect(table.add(field(68))).toBe(1);
    expect([table.count, table.size]).toEqual([0, 0]);
    expect(table.add(field(67))).toBe(0);
    expect(table.count).toBe(1);
  });

  it('evicts what a smaller size has no room for, and keeps the rest when it grows again', () => {
    const table = new DynamicTable(200);
    const fields = [field(1), field(1), field(1)];
    for (const each of fields) table.add(each);
    expect(table.resize(69)).toBe(1);
    expect(contents(table)).toEqual([fields[2], fields[1]]);
    expect(table.resize(200)).toBe(0);
    expect(table.maxSize).toBe(200);
    expect(contents(table)).toEqual([fields[2], fields[1]]);
    expect(table.resize(0)).toBe(2);
    expect(table.add(field(1))).toBe(0);
    expect(table.count).toBe(0);
  });

  it('grows to as many fields as its size has room for, and goes round', () => {
    const table = new DynamicTable(4096);
    const fields = Array.from({ length: 500 }, () => new HeaderField('', ''));
    const left = fields.reduce((sum, each) => sum + table.add(each), 0);
    expect([table.count, table.size, left]).toEqual([128, 4096, 372]);
    expect(contents(table).every((each, index) => each === fields[499 - index])).toBe(true);
  });

  it('grows in the middle of its round', () => {
    const table = new DynamicTable(340);
    const fields = Array.from({ length: 40 }, (_, index) => field(index < 20 ? 20 : 1));
    for (const each of fields) {
      table.add(each);
      expect(contents(table)).toEqual(
        fields
          .slice(0, fields.indexOf(each) + 1)
          .reverse()
          .slice(0, table.count),
      );
    }
    expect(table.count).toBe(10);
  });

  it('is what a plain list would be', () => {
    const steps = fc.array(
      fc.oneof(fc.record({ add: fc.integer({ min: 0, max: 120 }) }), fc.record({ resize: fc.integer({ min: 0, max: 300 }) })),
    );
    fc.assert(
      fc.property(steps, (all) => {
        const table = new DynamicTable(300);
        let list: HeaderField[] = [];
        let maxSize = 300;
        for (const step of all) {
          if ('resize' in step) {
            maxSize = step.resize;
            table.resize(maxSize);
          } else {
            const added = field(step.add);
            list.unshift(added);
            table.add(added);
          }
          while (list.reduce((sum, { size }) => sum + size, 0) > maxSize) list = list.slice(0, -1);
          expect(contents(table)).toEqual(list);
        }
      }),
    );
  });
});
