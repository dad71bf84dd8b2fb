import { describe, expect, it } from '@jest/globals';
import { check } from '../../../src/cli/check.js';
import type { CheckedModel, CheckRepository } from '../../../src/cli/check-port.js';
import { FakeIo } from '../../support/fake-io.js';
import { modelSpec } from '../../support/model-spec.js';

const READY: CheckedModel = { state: 'ready', model: 'digits', version: '1', spec: modelSpec(), warnings: [] };
const FAILED: CheckedModel = { state: 'failed', model: 'broken', version: undefined, reason: 'no version' };

async function run(models: readonly CheckedModel[], flags = {}, end: 'unloaded' | 'stuck' = 'unloaded') {
  const io = new FakeIo({ files: { 'models/': '' } });
  const asked: unknown[] = [];
  const checkRepository: CheckRepository = async (directories, options, onModel) => {
    asked.push(directories, options);
    for (const model of models) onModel(model);
    return end;
  };
  const code = await check(['models'], flags, io, { checkRepository });
  return { code, io, asked };
}

describe('check', () => {
  it('prints every model and a summary, and succeeds where all load', async () => {
    const { code, io } = await run([READY]);
    expect(code).toBe(0);
    expect(io.stdout.text).toMatch(/^digits\/1 {2}ready.*\n\n1 ready, 0 failed\n$/s);
    expect(io.handlers).toBe(0);
  });

  it('fails where one does not, and still shows the others', async () => {
    const { code, io } = await run([FAILED, READY]);
    expect(code).toBe(1);
    expect(io.stdout.text).toMatch(/broken {2}FAILED\n {2}no version\n\ndigits\/1.*1 ready, 1 failed\n$/s);
  });

  it('fails where there is nothing to check', async () => {
    const { code, io } = await run([]);
    expect([code, io.stdout.text]).toEqual([1, 'no models found\n']);
  });

  it('loads as serve would, with its options', async () => {
    const { asked } = await run([READY], { defaultMaxBatchSize: '8' });
    expect(asked).toEqual([['models'], { defaultMaxBatchSize: 8, loadParallelism: 2, loadTimeoutMs: 60_000 }]);
  });

  it('refuses a directory that is not there', async () => {
    const io = new FakeIo();
    await expect(check(['none'], {}, io, { checkRepository: () => Promise.resolve('unloaded' as const) })).rejects.toThrow(
      'none is not a directory',
    );
  });

  it('kills the process only where a worker cannot be stopped, and then after everything is said', async () => {
    expect((await run([READY])).io.killed).toBe(false);
    const { io } = await run([READY], {}, 'stuck');
    expect([io.killed, io.stdout.text.endsWith('1 ready, 0 failed\n')]).toEqual([true, true]);
  });

  it('hands Ctrl-C on', async () => {
    const io = new FakeIo({ files: { 'models/': '' } });
    const checkRepository: CheckRepository = (_directories, _options, _onModel, signal) => {
      io.signal('SIGINT');
      return signal.aborted ? Promise.reject(new Error('stopped by SIGINT')) : Promise.resolve('unloaded');
    };
    await expect(check(['models'], {}, io, { checkRepository })).rejects.toThrow('stopped by SIGINT');
  });
});
