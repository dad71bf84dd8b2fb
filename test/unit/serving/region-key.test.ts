import { describe, expect, it } from '@jest/globals';
import { fileNameOf } from '../../../src/serving/region-key.js';
import { servingErrorOf } from '../../support/wire-messages.js';

describe('fileNameOf', () => {
  it.each([
    ['/name', 'name'],
    ['name', 'name'],
    ['..name', '..name'],
    ['...', '...'],
    ['a b\\c', 'a b\\c'],
    ['n'.repeat(255), 'n'.repeat(255)],
  ])('takes %j for one name', (key, name) => {
    expect(fileNameOf(key, 'r')).toBe(name);
  });

  it.each([
    '',
    '/',
    '//',
    '//name',
    '.',
    '..',
    '/.',
    '/..',
    '../etc/passwd',
    'a/b',
    '/a/b',
    'a/',
    'a\0b',
    'n'.repeat(256),
    'ä'.repeat(128),
  ])('refuses %j', (key) => {
    const error = servingErrorOf(() => fileNameOf(key, 'r'));
    expect(error.code).toBe('invalid_request');
    expect(error.message).toContain("cannot register shared memory region 'r' - invalid shm key '");
  });

  it("refuses the names of Triton's own objects", () => {
    const prefix = 'triton_python_backend_shm_region_';
    for (const key of [prefix, `/${prefix}1`]) {
      const error = servingErrorOf(() => fileNameOf(key, 'r'));
      expect(error.code).toBe('invalid_request');
      expect(error.message).toBe(
        `cannot register shared memory region 'r' with key '${key}' as the key contains the reserved prefix '${prefix}'`,
      );
    }
    expect(fileNameOf(`my_${prefix}`, 'r')).toBe(`my_${prefix}`);
  });
});
