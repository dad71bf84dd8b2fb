import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';

const ROOT = new URL('../../../', import.meta.url);

function read(path: string): string {
  return readFileSync(new URL(path, ROOT), 'utf8');
}

/** The figure of `make test` is worth what it counts: everything but generated code and modules that hold types alone. */
describe('the coverage that make test prints', () => {
  it('leaves no line of src/ out by a comment', () => {
    const sources = readdirSync(new URL('src', ROOT), { recursive: true, encoding: 'utf8' }).filter((file) => /\.ts$/.test(file));
    const hidden = sources.filter((file) => /\b(c8|v8|istanbul)\s+ignore\b/.test(read(`src/${file}`)));
    expect(sources.length).toBeGreaterThan(100);
    expect(hidden).toEqual([]);
  });

  it('leaves no file out by configuration, and has a floor of 95 % of the lines', () => {
    const config: unknown = JSON.parse(read('.c8rc.json'));
    expect(config).toMatchObject({ all: true, include: ['build/src/**', 'src/**'], 'check-coverage': true, lines: 95 });
    expect(config).not.toHaveProperty('exclude');
    expect(read('scripts/coverage.mjs')).toContain("const excluded = ['build/src/gen/**', 'src/gen/**', '**/*.d.ts', ...typeModules];");
  });
});
