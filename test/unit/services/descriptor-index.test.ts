import { describe, expect, it } from '@jest/globals';
import type { EmbeddedFile } from '../../../src/gen/descriptors.js';
import { DescriptorIndex } from '../../../src/services/descriptor-index.js';

function file(name: string, dependencies: string[], symbols: string[] = []): EmbeddedFile {
  return { name, dependencies, symbols, base64: Buffer.from(name).toString('base64') };
}

const BASE = file('base', []);
const LEFT = file('left', ['base']);
const RIGHT = file('right', ['base'], ['pkg.Right', 'pkg.Right.field']);
const TOP = file('top', ['left', 'right', 'unknown']);
const index = () => new DescriptorIndex([BASE, LEFT, RIGHT, TOP]);

function names(descriptors: readonly Uint8Array[]): string[] {
  return descriptors.map((bytes) => Buffer.from(bytes).toString());
}

describe('DescriptorIndex', () => {
  it('finds files by name and by what they declare', () => {
    expect(index().fileByName('left')).toBe(LEFT);
    expect(index().fileBySymbol('pkg.Right.field')).toBe(RIGHT);
    expect([index().fileByName('pkg.Right'), index().fileBySymbol('pkg')]).toEqual([undefined, undefined]);
  });

  it('gives a file with all that it imports, each once', () => {
    expect(names(index().withImports(TOP, new Set()))).toEqual(['top', 'left', 'right', 'base']);
  });

  it('leaves out what the stream has had, except what is asked for', () => {
    const files = index();
    const sent = new Set<string>();
    expect(names(files.withImports(LEFT, sent))).toEqual(['left', 'base']);
    expect(names(files.withImports(TOP, sent))).toEqual(['top', 'right']);
    expect(names(files.withImports(LEFT, sent))).toEqual(['left']);
  });

  it('ends on imports that go round', () => {
    const one = file('one', ['two']);
    const two = file('two', ['one']);
    expect(names(new DescriptorIndex([one, two]).withImports(one, new Set()))).toEqual(['one', 'two']);
  });
});
