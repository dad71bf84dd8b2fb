import { readFile, stat } from 'node:fs/promises';
import type { CliIo, Output, StopSignal } from './io.js';

const SIGNALS: readonly StopSignal[] = ['SIGTERM', 'SIGINT'];

/** The process this is. */
export function createProcessIo(): CliIo {
  return {
    stdin: process.stdin,
    stdout: createOutput(process.stdout),
    stderr: createOutput(process.stderr),
    env: process.env,
    readFile: (path) => readFile(path),
    isDirectory,
    onSignal(handler) {
      for (const signal of SIGNALS) process.on(signal, handler);
      return () => {
        for (const signal of SIGNALS) process.off(signal, handler);
      };
    },
    kill: () => void process.kill(process.pid, 'SIGKILL'),
    now: () => performance.now(),
  };
}

/** A stream of the process; Node leaves `isTTY` out where it is none, which its types do not say. */
type Stream = Pick<NodeJS.WriteStream, 'columns' | 'on' | 'write'> & { readonly isTTY?: boolean };

/** A reader that has gone (a closed pipe) costs the rest of the output, never the process. */
function createOutput(stream: Stream): Output {
  stream.on('error', () => undefined);
  return {
    get isTTY() {
      return stream.isTTY ?? false;
    },
    get columns() {
      return stream.isTTY ? stream.columns : undefined;
    },
    write: (text) => stream.write(text),
  };
}

async function isDirectory(path: string): Promise<boolean> {
  try {
    return (await stat(path)).isDirectory();
  } catch {
    return false;
  }
}
