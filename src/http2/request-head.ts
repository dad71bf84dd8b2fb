import type { HeaderField } from './hpack/header-field.js';

/** What a request's header block says, its fields checked for what RFC 9113 sections 8.2 and 8.3 ask of them. */
export interface RequestHead {
  readonly method: string;
  /** Undefined for CONNECT alone. */
  readonly scheme: string | undefined;
  readonly path: string | undefined;
  readonly authority: string | undefined;
  /** All but the pseudo-header fields, in the order in which they came. Each is well-formed. */
  readonly fields: readonly HeaderField[];
  /** The value of content-length; undefined where there is none. */
  readonly contentLength: number | undefined;
}

const LENGTH = /^[0-9]{1,15}$/;

/** Undefined for a malformed request, of which nothing more can be said: a stream error (section 8.1.1). */
export function readRequestHead(fields: readonly HeaderField[]): RequestHead | undefined {
  let method: string | undefined;
  let scheme: string | undefined;
  let path: string | undefined;
  let authority: string | undefined;
  let at = 0;
  for (; at < fields.length; at++) {
    const field = fields[at];
    if (field === undefined || !field.isPseudo) break;
    const { name, value, isWellFormed } = field;
    if (!isWellFormed) return undefined;
    // Each of them once.
    if (name === ':method' && method === undefined) method = value;
    else if (name === ':path' && path === undefined) path = value;
    else if (name === ':scheme' && scheme === undefined) scheme = value;
    else if (name === ':authority' && authority === undefined) authority = value;
    else return undefined;
  }
  const regular = at === 0 ? fields : fields.slice(at);
  if (!isTarget(method, scheme, path, authority)) return undefined;
  const contentLength = readRegularFields(regular);
  if (method === undefined || contentLength === MALFORMED) return undefined;
  return { method, scheme, path, authority, fields: regular, contentLength };
}

/** Whether the fields may stand behind the body: no pseudo-header fields, all well-formed (section 8.1). */
export function areTrailers(fields: readonly HeaderField[]): boolean {
  return fields.every(({ isPseudo, isWellFormed }) => isWellFormed && !isPseudo);
}

/** Sections 8.3.1 and 8.5. */
function isTarget(
  method: string | undefined,
  scheme: string | undefined,
  path: string | undefined,
  authority: string | undefined,
): boolean {
  if (method === undefined || method === '') return false;
  if (method === 'CONNECT') return scheme === undefined && path === undefined && authority !== undefined;
  if (scheme === undefined || path === undefined) return false;
  return path.startsWith('/') || (path === '*' && method === 'OPTIONS');
}

const MALFORMED = -1;

/** The content length, undefined where none is said. */
function readRegularFields(fields: readonly HeaderField[]): number | undefined {
  let length: number | undefined;
  for (const { name, value, isPseudo, isWellFormed } of fields) {
    if (isPseudo || !isWellFormed) return MALFORMED;
    if (name !== 'content-length') continue;
    if (!LENGTH.test(value) || (length !== undefined && length !== Number(value))) return MALFORMED;
    length = Number(value);
  }
  return length;
}
