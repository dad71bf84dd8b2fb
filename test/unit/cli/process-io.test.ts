import { tmpdir } from 'node:os';
import { describe, expect, it } from '@jest/globals';
import { createProcessIo } from '../../../src/cli/process-io.js';

describe('createProcessIo', () => {
  const io = createProcessIo();

  it('tells directories from what is none', async () => {
    expect(await io.isDirectory(tmpdir())).toBe(true);
    expect(await io.isDirectory(process.execPath)).toBe(false);
    expect(await io.isDirectory('/no/such/directory')).toBe(false);
  });

  it('reads files', async () => {
    await expect(io.readFile('/no/such/file')).rejects.toMatchObject({ code: 'ENOENT' });
    expect((await io.readFile(process.execPath)).length).toBeGreaterThan(0);
  });

  it('hears signals until told to stop', () => {
    const before = process.listenerCount('SIGTERM');
    const heard: string[] = [];
    const stop = io.onSignal((signal) => heard.push(signal));
    process.emit('SIGTERM', 'SIGTERM');
    process.emit('SIGINT', 'SIGINT');
    stop();
    expect(heard).toEqual(['SIGTERM', 'SIGINT']);
    expect(process.listenerCount('SIGTERM')).toBe(before);
  });

  it('has a width where it is a terminal, and a clock', () => {
    for (const output of [io.stdout, io.stderr])
      expect(output.isTTY ? typeof output.columns : output.columns).toBe(output.isTTY ? 'number' : undefined);
    expect(io.now()).toBeLessThanOrEqual(io.now());
  });
});
