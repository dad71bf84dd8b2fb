import { describe, expect, it } from '@jest/globals';
import { formatTable } from '../../../src/cli/format-table.js';

describe('formatTable', () => {
  it('aligns columns and leaves no space at the end', () => {
    const rows = [
      ['a', 'long', 'x'],
      ['bcd', 'y', ''],
    ];
    expect(formatTable(rows)).toBe('  a    long  x\n  bcd  y\n');
  });

  it('is empty without rows', () => {
    expect(formatTable([])).toBe('');
  });
});
