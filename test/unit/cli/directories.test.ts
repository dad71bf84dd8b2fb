import { describe, expect, it } from '@jest/globals';
import { assertDirectories } from '../../../src/cli/directories.js';
import { FakeIo } from '../../support/fake-io.js';

describe('assertDirectories', () => {
  const io = new FakeIo({ files: { 'a/': '', file: '' } });

  it('takes directories', async () => {
    await expect(assertDirectories(['a'], '--model-repository', io)).resolves.toBeUndefined();
  });

  it('names the first that is none', async () => {
    for (const path of ['missing', 'file']) {
      await expect(assertDirectories(['a', path], '--model-repository', io)).rejects.toMatchObject({
        name: 'UsageError',
        message: `--model-repository: ${path} is not a directory`,
      });
    }
  });
});
