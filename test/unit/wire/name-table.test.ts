import { describe, expect, it } from '@jest/globals';
import { NameTable, readText } from '../../../src/wire/name-table.js';

describe('NameTable', () => {
  const find = (table: NameTable, bytes: Uint8Array) => table.find(bytes, 1, bytes.length - 2);
  const around = (text: string) => Buffer.from(`<${text}>`);

  it('reads a name the first time and every other', () => {
    const table = new NameTable();
    expect([1, 2, 3].map(() => find(table, around('input__0')))).toEqual(['input__0', 'input__0', 'input__0']);
  });

  it('tells apart names that share a slot', () => {
    const table = new NameTable();
    // Same length, same first, middle and last byte.
    for (const name of ['axbxc', 'aybyc', 'axbxc', 'aybyc']) expect(find(table, around(name))).toBe(name);
  });

  it('tells a name from its beginning and from what follows it in memory', () => {
    const table = new NameTable();
    for (const name of ['aa', 'a', 'aaa', '', 'aa']) expect(find(table, around(name))).toBe(name);
  });

  it('keeps no hold of the bytes: they may be written over', () => {
    const table = new NameTable();
    const bytes = around('model');
    const name = find(table, bytes);
    bytes.fill(0x7a);
    expect(name).toBe('model');
    expect(find(table, bytes)).toBe('zzzzz');
    expect(find(table, around('model'))).toBe('model');
  });

  it.each(['ä', 'x'.repeat(65)])('leaves %j to others', (text) => {
    expect(find(new NameTable(), around(text))).toBeUndefined();
  });

  it('reads what is just short enough', () => {
    expect(find(new NameTable(), around('x'.repeat(64)))).toBe('x'.repeat(64));
  });
});

describe('readText', () => {
  it('reads ASCII out of any kind of bytes', () => {
    const memory = Uint8Array.from(Buffer.from('..some text..'));
    expect(readText(memory, 2, 9)).toBe('some text');
    expect(readText(memory.subarray(2), 5, 4)).toBe('text');
    expect(readText(Buffer.from(memory), 2, 4)).toBe('some');
    expect(readText(memory, 2, 0)).toBe('');
  });

  it('leaves other texts, long ones and what is not there to others', () => {
    expect(readText(Buffer.from('ä'), 0, 2)).toBeUndefined();
    expect(readText(Buffer.alloc(65), 0, 65)).toBeUndefined();
    expect(readText(Buffer.from('a'), 0, 2)).toBeUndefined();
  });
});
