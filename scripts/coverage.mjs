// Reports how much of src/ ran, in any process or thread of the last test run, and fails below the floor in .c8rc.json.
// Not counted are the generated code and the modules that hold types alone: they compile to nothing that could run.
import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';

const TYPES_ALONE = /^export \{\};\s*(\/\/# sourceMappingURL=\S+\s*)?$/;

const typeModules = readdirSync('build/src', { recursive: true })
  .filter((file) => file.endsWith('.js') && TYPES_ALONE.test(readFileSync(`build/src/${file}`, 'utf8').replace(/^\/\*\*.*?\*\/\s*/s, '')))
  .flatMap((file) => [`build/src/${file}`, `src/${file.replace(/\.js$/, '.ts')}`]);
const excluded = ['build/src/gen/**', 'src/gen/**', '**/*.d.ts', ...typeModules];
const args = ['report', '--temp-directory', 'coverage/v8', '--reports-dir', 'coverage', ...excluded.flatMap((file) => ['--exclude', file])];
const { status } = spawnSync('node_modules/.bin/c8', args, { stdio: 'inherit' });
process.exitCode = status ?? 1;
