import { HeaderField } from './header-field.js';

/** RFC 7541 appendix A, in its order: the first entry has index 1. */
const ENTRIES: readonly (readonly [name: string, value?: string])[] = [
  [':authority'],
  [':method', 'GET'],
  [':method', 'POST'],
  [':path', '/'],
  [':path', '/index.html'],
  [':scheme', 'http'],
  [':scheme', 'https'],
  [':status', '200'],
  [':status', '204'],
  [':status', '206'],
  [':status', '304'],
  [':status', '400'],
  [':status', '404'],
  [':status', '500'],
  ['accept-charset'],
  ['accept-encoding', 'gzip, deflate'],
  ['accept-language'],
  ['accept-ranges'],
  ['accept'],
  ['access-control-allow-origin'],
  ['age'],
  ['allow'],
  ['authorization'],
  ['cache-control'],
  ['content-disposition'],
  ['content-encoding'],
  ['content-language'],
  ['content-length'],
  ['content-location'],
  ['content-range'],
  ['content-type'],
  ['cookie'],
  ['date'],
  ['etag'],
  ['expect'],
  ['expires'],
  ['from'],
  ['host'],
  ['if-match'],
  ['if-modified-since'],
  ['if-none-match'],
  ['if-range'],
  ['if-unmodified-since'],
  ['last-modified'],
  ['link'],
  ['location'],
  ['max-forwards'],
  ['proxy-authenticate'],
  ['proxy-authorization'],
  ['range'],
  ['referer'],
  ['refresh'],
  ['retry-after'],
  ['server'],
  ['set-cookie'],
  ['strict-transport-security'],
  ['transfer-encoding'],
  ['user-agent'],
  ['vary'],
  ['via'],
  ['www-authenticate'],
];

export const STATIC_TABLE: readonly HeaderField[] = ENTRIES.map(([name, value = '']) => new HeaderField(name, value));
export const STATIC_ENTRIES = STATIC_TABLE.length;

/** The lowest index of a static entry with this name; 0 where there is none. */
export function staticNameIndex(name: string): number {
  return NAME_INDEX.get(name) ?? 0;
}

/** The index of the static entry with this name and value; 0 where there is none. */
export function staticIndex(name: string, value: string): number {
  for (let index = staticNameIndex(name); index > 0 && index <= STATIC_ENTRIES; index++) {
    const entry = STATIC_TABLE[index - 1];
    if (entry?.name !== name) return 0;
    if (entry.value === value) return index;
  }
  return 0;
}

const NAME_INDEX: ReadonlyMap<string, number> = new Map(ENTRIES.map(([name], at) => [name, at + 1] as const).reverse());
