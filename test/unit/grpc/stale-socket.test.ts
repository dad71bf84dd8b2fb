import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { removeStaleSocket } from '../../../src/grpc/stale-socket.js';

function folder(): { file(name: string): string } & Disposable {
  const path = mkdtempSync(join(tmpdir(), 'millrace-'));
  return { file: (name) => join(path, name), [Symbol.dispose]: () => rmSync(path, { recursive: true }) };
}

/** A process that dies without closing its socket leaves the file. */
async function leaveBehind(path: string): Promise<void> {
  const script = `require('net').createServer().listen(${JSON.stringify(path)}, () => process.kill(process.pid, 'SIGKILL'))`;
  await once(spawn(process.execPath, ['-e', script], { stdio: 'ignore' }), 'exit');
}

describe('removeStaleSocket', () => {
  it('removes the socket of a killed process', async () => {
    using here = folder();
    const path = here.file('stale.sock');
    await leaveBehind(path);
    expect(existsSync(path)).toBe(true);
    await removeStaleSocket(path);
    expect(existsSync(path)).toBe(false);
  });

  it('leaves a socket alone on which somebody listens', async () => {
    using here = folder();
    const path = here.file('live.sock');
    const server = createServer((socket) => socket.destroy()).listen(path);
    await once(server, 'listening');
    await removeStaleSocket(path);
    expect(existsSync(path)).toBe(true);
    await new Promise((resolve) => server.close(resolve));
  });

  it('leaves alone what is no socket, and does not mind what is not there', async () => {
    using here = folder();
    writeFileSync(here.file('notes.txt'), 'mine');
    await removeStaleSocket(here.file('notes.txt'));
    await removeStaleSocket(here.file('absent.sock'));
    expect(existsSync(here.file('notes.txt'))).toBe(true);
  });
});
