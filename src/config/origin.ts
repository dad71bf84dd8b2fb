import { flagName, variableName } from './options.js';

/** Where a value came from. */
export type Origin =
  | { readonly kind: 'default' }
  | { readonly kind: 'file'; readonly path: string }
  | { readonly kind: 'environment' }
  | { readonly kind: 'flag' };

/** Names an option as whoever gave it wrote it. */
export function nameIn(origin: Origin, key: string): string {
  switch (origin.kind) {
    case 'flag':
    case 'default':
      return flagName(key);
    case 'environment':
      return variableName(key);
    case 'file':
      return `${key} in ${origin.path}`;
  }
}

export function describeOrigin(origin: Origin, key: string): string {
  switch (origin.kind) {
    case 'default':
      return 'default';
    case 'file':
      return `file ${origin.path}`;
    case 'environment':
      return `environment ${variableName(key)}`;
    case 'flag':
      return `flag ${flagName(key)}`;
  }
}
