import { mkdir, symlink, truncate } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { ServingError } from '../../../src/error/serving-error.js';
import { addLabels, readLabels } from '../../../src/serving/labels.js';
import { ModelDirectory } from '../../support/model-directory.js';
import { modelSource } from '../../support/model-source.js';
import { modelSpec } from '../../support/model-spec.js';
import { never } from '../../support/pool-rig.js';

const LABELS = { 'm/labels.txt': Buffer.from('cat\ndog\n') };

function source(directory: ModelDirectory, ...labelFilenames: readonly (string | undefined)[]) {
  const outputs = labelFilenames.map((labelFilename, at) => ({ name: `y${at}`, datatype: undefined, dims: undefined, labelFilename }));
  return modelSource({ outputs }, join(directory.path, 'm/1'));
}

async function linesOf(text: string | Uint8Array): Promise<readonly string[] | undefined> {
  await using directory = await ModelDirectory.create({ 'm/labels.txt': Buffer.from(text) });
  return (await readLabels(source(directory, 'labels.txt'), never())).get('y0');
}

/** What is said of a label file that cannot be had; it must hold no path of the host. */
async function problemOf(directory: ModelDirectory, labelFilename: string): Promise<string> {
  const error: unknown = await readLabels(source(directory, labelFilename), never()).catch((reason: unknown) => reason);
  if (!(error instanceof ServingError) || error.code !== 'load_failed') throw new Error('expected the load to fail', { cause: error });
  expect(error.message).not.toContain(directory.path);
  return error.message;
}

describe('readLabels', () => {
  it('reads the lines of each output that has a file', async () => {
    await using directory = await ModelDirectory.create({ ...LABELS, 'm/texts/more': Buffer.from('a\n') });
    const labels = await readLabels(source(directory, 'labels.txt', undefined, 'texts/more'), never());
    expect([...labels]).toEqual([
      ['y0', ['cat', 'dog']],
      ['y2', ['a']],
    ]);
  });

  it.each([
    ['', []],
    ['one', ['one']],
    ['one\n\nthree\n', ['one', '', 'three']],
    ['one\r\ntwo\r\n', ['one', 'two']],
    ['\uFEFFköter: klein\n', ['köter: klein']],
  ])('reads %j as %j', async (text, lines) => {
    expect(await linesOf(text)).toEqual(lines);
  });

  it("follows a link that stays in the model's directory, which may be one itself", async () => {
    await using directory = await ModelDirectory.create({ 'real/..data/labels.txt': LABELS['m/labels.txt'] });
    await symlink('..data/labels.txt', join(directory.path, 'real/labels.txt'));
    await symlink('real', join(directory.path, 'm'));
    expect((await readLabels(source(directory, 'labels.txt'), never())).get('y0')).toEqual(['cat', 'dog']);
  });

  it("refuses a link that leaves the model's directory, to one of a similar name too", async () => {
    await using directory = await ModelDirectory.create({ ...LABELS, 'm2/labels.txt': Buffer.from('secret') });
    await symlink('../m2/labels.txt', join(directory.path, 'm/link'));
    const text = "model 'm': label file 'link' of output 'y0' leads out of its directory";
    expect(await problemOf(directory, 'link')).toBe(text);
  });

  it.each([
    ['missing.txt', 'does not exist'],
    ['sub', 'is no file'],
    ['labels.txt/x', 'cannot be read (ENOTDIR)'],
    ['latin1', 'is not UTF-8 text'],
    ['huge', 'has 16777217 bytes, expected at most 16777216'],
  ])('refuses %s, which %s', async (labelFilename, problem) => {
    await using directory = await ModelDirectory.create({ ...LABELS, 'm/latin1': Uint8Array.of(0x6b, 0xf6), 'm/huge': new Uint8Array() });
    await mkdir(join(directory.path, 'm/sub'));
    await truncate(join(directory.path, 'm/huge'), 16 * 1024 * 1024 + 1);
    expect(await problemOf(directory, labelFilename)).toBe(`model 'm': label file '${labelFilename}' of output 'y0' ${problem}`);
  });
});

describe('addLabels', () => {
  it('gives each output its own, and leaves the rest as it was', () => {
    const outputs = [{ name: 'y', datatype: 'FP32', dims: [2] } as const, { name: 'z', datatype: 'FP32', dims: [2] } as const];
    const spec = modelSpec({ outputs });
    const labelled = addLabels(spec, new Map([['z', ['a', 'b']]]));
    expect(labelled).toEqual({ ...spec, outputs: [outputs[0], { ...outputs[1], labels: ['a', 'b'] }] });
    expect([labelled, labelled.outputs, labelled.outputs[1]].every(Object.isFrozen)).toBe(true);
  });
});
