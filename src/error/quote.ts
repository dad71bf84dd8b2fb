/** Longest name that an error text repeats: what was expected and given must still fit behind it. */
const MAX_QUOTED_CHARS = 80;
const MAX_LISTED = 8;

/** A name that came from outside, as error texts show it: in single quotes, cut where it is long. */
export function quote(text: string): string {
  return `'${cut(text, MAX_QUOTED_CHARS)}'`;
}

/** The first few names, quoted, in brackets. */
export function quoteList(names: readonly string[]): string {
  const shown = names.slice(0, MAX_LISTED).map(quote);
  return `[${shown.join(',')}${names.length > MAX_LISTED ? ',…' : ''}]`;
}

/** At most `maxChars` of a text, never half a character: a lone surrogate cannot be percent-encoded for the wire. */
export function cut(text: string, maxChars: number): string {
  if (text.length <= maxChars) return text;
  return `${text.slice(0, maxChars - 1).replace(/[\uD800-\uDBFF]$/u, '')}…`;
}
