import { parseDocument } from 'yaml';
import { UsageError } from './usage-error.js';

/** The entries of a YAML mapping; an empty file has none. Throws a UsageError that names file and line for anything else. */
export function parseConfigFile(text: string, path: string): ReadonlyMap<string, unknown> {
  const document = parseDocument(text, { prettyErrors: true });
  const [problem] = document.errors;
  if (problem !== undefined) throw new UsageError(`${path}: ${firstLine(problem.message)}`);
  const value: unknown = document.toJS();
  if (value === null || value === undefined) return new Map();
  if (typeof value !== 'object' || Array.isArray(value)) {
    throw new UsageError(`${path}: expected a mapping of options, such as "grpcPort: 8001"`);
  }
  return new Map(Object.entries(value));
}

function firstLine(message: string): string {
  return message.split('\n', 1)[0]?.replace(/:$/, '') ?? message;
}
