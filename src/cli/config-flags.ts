import { type Command, Option } from 'commander';
import type { ShownValue } from '../config/kind.js';
import { flagName, type OptionSpec, type OptionTable } from '../config/options.js';
import { TRITON_SYNONYMS } from '../config/triton-flags.js';

/** Gives a command a flag for each option of the table, and --config. Values stay as they were written: config/ reads them. */
export function addConfigOptions(command: Command, table: OptionTable): void {
  for (const [key, spec] of Object.entries(table)) command.addOption(createFlag(key, spec));
  for (const [synonym, key] of Object.entries(TRITON_SYNONYMS)) if (Object.hasOwn(table, key)) addSynonym(command, synonym, key);
  command.addOption(
    new Option('--config <file>', 'YAML file with options, named in camel case: grpcPort: 8001').helpGroup('Configuration:'),
  );
}

function createFlag(key: string, { kind, default: fallback, group, placeholder, help }: OptionSpec<unknown>): Option {
  const value = kind.arity === 'flag' ? `[${placeholder}]` : `<${placeholder}>`;
  const option = new Option(`${flagName(key)} ${value}`, `${help}${describeDefault(kind.show(fallback))}`).helpGroup(`${group}:`);
  return kind.arity === 'many' ? option.argParser(collect) : option;
}

/** A flag that says what another one does. Where both stand, the last one counts, as with any flag that stands twice. */
function addSynonym(command: Command, synonym: string, key: string): void {
  const option = new Option(`${synonym} <value>`).hideHelp();
  command.addOption(option);
  command.on(`option:${option.name()}`, (value: string) => command.setOptionValueWithSource(key, value, 'cli'));
}

/** For a flag that may stand more than once. */
export function collect(text: string, previous: readonly string[] = []): string[] {
  return [...previous, text];
}

function describeDefault(shown: ShownValue): string {
  const text = typeof shown === 'object' ? shown.join(', ') : String(shown ?? '');
  return text === '' || shown === false ? '' : ` (default: ${text})`;
}
