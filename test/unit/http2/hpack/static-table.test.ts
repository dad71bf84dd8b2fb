import { createHash } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import { STATIC_ENTRIES, STATIC_TABLE, staticIndex, staticNameIndex } from '../../../../src/http2/hpack/static-table.js';

describe('the static table', () => {
  it('is that of RFC 7541 appendix A', () => {
    const text = STATIC_TABLE.map(({ name, value }, at) => `${at + 1}|${name}|${value}`).join('\n');
    expect(STATIC_ENTRIES).toBe(61);
    // Of the appendix's lines, "index|name|value".
    expect(createHash('sha256').update(text).digest('hex')).toBe('36502765c2e6ed3c0c7f1ba872ff35d0a0d90ad8a90de267bc0dbbac3a257c28');
  });

  it('finds names and whole fields', () => {
    expect(staticNameIndex(':status')).toBe(8);
    expect(staticNameIndex('www-authenticate')).toBe(61);
    expect(staticNameIndex('x')).toBe(0);
    expect(staticIndex(':status', '500')).toBe(14);
    expect(staticIndex(':status', '302')).toBe(0);
    expect(staticIndex('www-authenticate', '')).toBe(61);
    expect(staticIndex('www-authenticate', 'x')).toBe(0);
    expect(staticIndex('x', '')).toBe(0);
  });
});
