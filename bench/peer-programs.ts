import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { buildGoProgram, goVersion } from './go-programs.js';
import { answerOf } from './machine.js';

/** The servers of bench/peers: hand-written ones of the same models, and the bare echo. */
export type PeerName = 'grpc-js + ORT' | 'Go + ORT' | 'Python' | 'grpc-js echo';

/** What starts a peer, before the repository and the models where it serves some; or why it cannot be started. */
export type PeerProgram = { readonly command: readonly string[] } | { readonly missing: string };

const here = (path: string): string => fileURLToPath(new URL(path, import.meta.url));
const ENVIRONMENT = here('../bench-python');

/** Builds and installs what a peer takes. */
export function preparePeer(name: PeerName): PeerProgram {
  switch (name) {
    case 'grpc-js echo':
      return { command: echoCommand() };
    case 'grpc-js + ORT':
      return { command: [process.execPath, here('./peers/grpc-js-ort/server.js')] };
    case 'Go + ORT':
      return prepareGo();
    case 'Python':
      return preparePython();
  }
}

export function echoCommand(): readonly string[] {
  return [process.execPath, here('./echo-server.js')];
}

/** Our own transport with nothing behind it. */
export function nativeEchoCommand(): readonly string[] {
  return [process.execPath, here('./native-echo-server.js')];
}

function prepareGo(): PeerProgram {
  if (goVersion() === undefined) return { missing: 'there is no Go' };
  const packaged = dirname(createRequire(import.meta.url).resolve('onnxruntime-node/package.json'));
  const library = join(packaged, 'bin/napi-v6', process.platform, process.arch, 'libonnxruntime.so.1');
  if (!existsSync(library)) return { missing: 'onnxruntime-node has no library for this platform' };
  try {
    return { command: [buildGoProgram('go-ort'), library] };
  } catch {
    return { missing: 'Go cannot build it: it takes a C compiler and the modules of bench/peers/go-ort' };
  }
}

function preparePython(): PeerProgram {
  const version = answerOf('python3', '--version');
  if (version === undefined) return { missing: 'there is no python3' };
  try {
    install(version);
  } catch {
    return { missing: 'its packages cannot be installed (bench/peers/python/requirements.txt)' };
  }
  const script = here('../../bench/peers/python/server.py');
  return {
    command: ['env', `PYTHONPATH=${join(ENVIRONMENT, 'generated')}`, 'PYTHONDONTWRITEBYTECODE=1', join(ENVIRONMENT, 'bin/python'), script],
  };
}

/** An environment that was made of anything else is made anew. */
function install(version: string): void {
  const requirements = here('../../bench/peers/python/requirements.txt');
  const madeOf = `${version}\n${readFileSync(requirements, 'utf8')}`;
  const mark = join(ENVIRONMENT, 'made-of');
  if (existsSync(mark) && readFileSync(mark, 'utf8') === madeOf) return;
  const generated = join(ENVIRONMENT, 'generated');
  const run = (program: string, ...args: string[]): unknown =>
    execFileSync(program, args, { stdio: ['ignore', 'ignore', 'ignore'], timeout: 300_000 });
  const python = join(ENVIRONMENT, 'bin/python');
  run('python3', '-m', 'venv', '--clear', ENVIRONMENT);
  run(python, '-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', '-r', requirements);
  mkdirSync(generated, { recursive: true });
  const proto = here('../../proto');
  run(python, '-m', 'grpc_tools.protoc', `-I${proto}`, `--python_out=${generated}`, join(proto, 'inference/infer.proto'));
  writeFileSync(mark, madeOf);
}
