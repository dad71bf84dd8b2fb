import { quote } from '../error/quote.js';
import { invalidRequest } from '../error/serving-error.js';

/** One version of one model. `version` is a positive integer in decimal, without sign or leading zeros. */
export interface VersionId {
  readonly model: string;
  readonly version: string;
}

/** Which version a request asks for. */
export type VersionReference =
  | { readonly kind: 'newest' }
  | { readonly kind: 'version'; readonly version: string }
  | { readonly kind: 'alias'; readonly alias: string };

export const NEWEST: VersionReference = { kind: 'newest' };

const VERSION = /^[1-9][0-9]{0,18}$/;
const ALIAS = /^[a-z][a-z0-9_-]{0,62}$/;

/** "" is the newest ready version, digits are a version, a lower-case word is an alias; all else is `invalid_request`. */
export function parseVersionReference(text: string): VersionReference {
  const reference = findVersionReference(text);
  if (reference !== undefined) return reference;
  throw invalidRequest(
    `failed to get model version from specified version string ${quote(text)} (expected "", a positive integer or an alias such as "stable")`,
  );
}

/** The same, but undefined for all else. */
export function findVersionReference(text: string): VersionReference | undefined {
  if (text === '') return NEWEST;
  if (VERSION.test(text)) return { kind: 'version', version: text };
  if (ALIAS.test(text)) return { kind: 'alias', alias: text };
  return undefined;
}

/** The text that `parseVersionReference` was given. */
export function formatVersionReference(reference: VersionReference): string {
  switch (reference.kind) {
    case 'newest':
      return '';
    case 'version':
      return reference.version;
    case 'alias':
      return reference.alias;
  }
}

export function isVersion(text: string): boolean {
  return VERSION.test(text);
}

/** Orders versions as numbers, whatever their size. */
export function compareVersions(a: string, b: string): number {
  return a.length - b.length || (a < b ? -1 : Number(a > b));
}

export function formatVersionId({ model, version }: VersionId): string {
  return `${model}/${version}`;
}
