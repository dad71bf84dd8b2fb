import { readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import { flagName, SERVE_OPTIONS, variableName } from '../../../src/config/options.js';

const reference = readFileSync(new URL('../../../../docs/reference/configuration.md', import.meta.url), 'utf8');
/** Without the padding that aligns columns. */
const lines = reference.split('\n').map((line) => line.replace(/ {2,}/g, ' '));

describe('docs/reference/configuration.md', () => {
  it.each(Object.entries(SERVE_OPTIONS))('says of %s what the option table says', (key, { help }) => {
    const row = lines.find((line) => line.startsWith(`| \`${flagName(key)}\` |`));
    expect(row).toContain(`\`${variableName(key)}\` | \`${key}\``);
    expect(row).toContain(help.replaceAll('|', '\\|').replaceAll('<', '&lt;'));
  });

  it('names no option that is not there', () => {
    const documented = [...reference.matchAll(/^\| `(--[a-z-]+)`/gm)].map(([, flag]) => flag);
    expect(documented).toEqual(Object.keys(SERVE_OPTIONS).map(flagName));
  });
});
