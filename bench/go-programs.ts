import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { answerOf } from './machine.js';

/** The programs of bench/peers, built. */
export interface GoPrograms {
  /** "go1.26.0" */
  readonly version: string;
  readonly load: string;
  readonly echo: string;
}

/** Undefined where there is no Go. Throws where there is and it cannot build them. */
export function buildGoPrograms(): GoPrograms | undefined {
  const version = goVersion();
  if (version === undefined) return undefined;
  return { version, load: buildGoProgram('load'), echo: buildGoProgram('grpc-go') };
}

/** "go1.26.0"; undefined where there is no Go. */
export function goVersion(): string | undefined {
  return answerOf('go', 'env', 'GOVERSION');
}

/** Builds bench/peers/<name> and returns where the program is. Throws where Go cannot. */
export function buildGoProgram(name: string): string {
  const program = fileURLToPath(new URL(`./peer-${name}`, import.meta.url));
  const source = fileURLToPath(new URL(`../../bench/peers/${name}`, import.meta.url));
  execFileSync('go', ['build', '-o', program, '.'], { cwd: source, stdio: ['ignore', 'inherit', 'inherit'] });
  return program;
}
