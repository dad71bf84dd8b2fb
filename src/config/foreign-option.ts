import { flagName, SERVE_OPTIONS, variableName } from './options.js';
import { answerTritonFlag } from './triton-flags.js';

/** Options that a later version brings; the contract has their names already. */
const LATER = ['repositoryPollSecs', 'dashboard', 'stateDir'];

/**
 * One line about an option that `serve` does not have: its counterpart here if it is a Triton server's, else what there is.
 * `name` is what was written; `key` its flag, variable or YAML key without a value.
 */
export function answerForeignKey(key: string, name: string): string {
  return findAnswer(toFlag(key), name) ?? `unknown option ${name}; there are ${Object.keys(SERVE_OPTIONS).map(spellingOf(key)).join(', ')}`;
}

/** The same for the command line, where commander has words of its own for what nobody knows: undefined then. */
export function answerForeignFlag(flag: string): string | undefined {
  return findAnswer(flag, flag);
}

function findAnswer(flag: string, name: string): string | undefined {
  if (LATER.some((key) => flagName(key) === flag)) return `${name} is not in this version`;
  const counterpart = answerTritonFlag(flag);
  return counterpart === undefined ? undefined : `${name} is an option of Triton's server: ${counterpart}`;
}

function toFlag(key: string): string {
  if (key.startsWith('--')) return key;
  if (key.startsWith('MILLRACE_')) return `--${key.slice('MILLRACE_'.length).toLowerCase().replaceAll('_', '-')}`;
  return flagName(key);
}

/** The names of what there is, written as `key` was. */
function spellingOf(key: string): (option: string) => string {
  return key.startsWith('MILLRACE_') ? variableName : (option) => option;
}
