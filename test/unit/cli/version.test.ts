import { writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { describe, expect, it } from '@jest/globals';
import { readVersion } from '../../../src/cli/version.js';

describe('readVersion', () => {
  it('is what the package says', async () => {
    const directory = await mkdtemp(join(tmpdir(), 'millrace-'));
    try {
      const file = join(directory, 'package.json');
      writeFileSync(file, '{"version": "1.2.3"}');
      expect(readVersion(pathToFileURL(file))).toBe('1.2.3');
      writeFileSync(file, '{}');
      expect(() => readVersion(pathToFileURL(file))).toThrow('no version');
    } finally {
      await rm(directory, { recursive: true });
    }
  });
});
