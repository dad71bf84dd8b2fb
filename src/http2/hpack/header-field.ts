/** RFC 9113 section 8.2.1: a name is lower case and visible; a colon only begins it. */
const NAME = /^:?[!-9;-@[-~]+$/;
/** No field of HTTP/2 has these: they spoke of the connection when it was HTTP/1.1 (section 8.2.2). */
const CONNECTION_NAMES: ReadonlySet<string> = new Set(['connection', 'proxy-connection', 'keep-alive', 'transfer-encoding', 'upgrade']);

/** What a table's entry costs beyond its text. RFC 7541 section 4.1. */
const ENTRY_OVERHEAD = 32;

/** How a sender treats a field: `indexed` fields are few and repeat, `sensitive` ones no intermediary may put into a table (RFC 7541 section 7.1.3). */
export type FieldIndexing = 'indexed' | 'literal' | 'sensitive';

/**
 * One header field. Its characters are bytes. Fields live in HPACK's tables and come again with every call of a connection, so what has to be
 * known of one is found out once.
 */
export class HeaderField {
  readonly name: string;
  readonly value: string;
  /** As the tables count it. */
  readonly size: number;
  readonly indexing: FieldIndexing;
  readonly isPseudo: boolean;
  /** Whether a message may carry it at all: RFC 9113 section 8.2. */
  readonly isWellFormed: boolean;

  constructor(name: string, value: string, indexing: FieldIndexing = 'literal') {
    this.name = name;
    this.value = value;
    this.size = name.length + value.length + ENTRY_OVERHEAD;
    this.indexing = indexing;
    this.isPseudo = name.startsWith(':');
    this.isWellFormed = NAME.test(name) && isFieldValue(value) && !CONNECTION_NAMES.has(name) && (name !== 'te' || saysTrailers(value));
  }
}

/** No NUL, CR or LF anywhere and no space or tab at either end: section 8.2.1. */
function isFieldValue(value: string): boolean {
  for (let at = 0; at < value.length; at++) {
    const char = value.charCodeAt(at);
    if (char === 0 || char === 10 || char === 13) return false;
  }
  return !isBlank(value.charCodeAt(0)) && !isBlank(value.charCodeAt(value.length - 1));
}

/** The only value of te: section 8.2.2. RFC 9110 section 10.1.4 does not mind its case. */
function saysTrailers(te: string): boolean {
  return te === 'trailers' || te.toLowerCase() === 'trailers';
}

function isBlank(char: number): boolean {
  return char === 0x20 || char === 0x09;
}
