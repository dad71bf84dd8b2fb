import { quote } from '../error/quote.js';

/** A pattern's parts. `character` takes one, `start` and `end` take none; `max` may be Infinity. */
export type PatternNode =
  | { readonly kind: 'character'; readonly accepts: AsciiSet }
  | { readonly kind: 'start' | 'end' }
  | { readonly kind: 'sequence' | 'choice'; readonly parts: readonly PatternNode[] }
  | { readonly kind: 'repeat'; readonly body: PatternNode; readonly min: number; readonly max: number };

/** Whether each character is in it, by its code. The names of headers have no others. */
export type AsciiSet = readonly boolean[];

const ASCII = Array.from({ length: 128 }, (_, code) => String.fromCharCode(code));

/** An escape, a class, the beginning of a group, a quantifier, or any one character. A class begins with no ']', and an unfinished one is a '['. */
const TOKENS = /\\.|\[\^?(?:\\.|[^\]\\])+\]|\(\?:|\(\?|[*+?]\??|\{\d+(?:,\d*)?\}\??|./gsu;
const CASE_FLAGS = /^(?:\(\?-?i\))*/;
const QUANTIFIER = /^(?:[*+?]|\{(\d+)(?:(,)(\d*))?\})\??$/;
const SHORTHAND = /^\\[dDwWsS]$/;
const ESCAPED_SIGN = /^\\[^A-Za-z0-9]$/su;
/** What means more to JavaScript than itself. */
const SIGN = /[$()*+./?[\\\]^{|}]/;

/**
 * Reads a regular expression in the syntax that RE2 and JavaScript share. Letters match either case unless it begins with `(?-i)`. Throws an Error
 * for what cannot be matched in linear time (back-references, look-around), for named groups and for the names of classes.
 */
export function parseHeaderPattern(text: string): PatternNode {
  const [flags = ''] = CASE_FLAGS.exec(text) ?? [];
  return new PatternReader(text.slice(flags.length).match(TOKENS) ?? [], !flags.endsWith('(?-i)')).read();
}

class PatternReader {
  readonly #tokens: readonly string[];
  readonly #flags: string;
  #at = 0;

  constructor(tokens: readonly string[], ignoresCase: boolean) {
    this.#tokens = tokens;
    this.#flags = ignoresCase ? 'isu' : 'su';
  }

  read(): PatternNode {
    const choice = this.#readChoice();
    if (this.#at < this.#tokens.length) throw new Error("a ')' has no '('");
    return choice;
  }

  #readChoice(): PatternNode {
    const parts = [this.#readSequence()];
    while (this.#take('|')) parts.push(this.#readSequence());
    return { kind: 'choice', parts };
  }

  #readSequence(): PatternNode {
    const parts: PatternNode[] = [];
    for (let token = this.#token; token !== undefined && token !== '|' && token !== ')'; token = this.#token) {
      this.#at += 1;
      parts.push(this.#readRepeat(this.#readPart(token)));
    }
    return { kind: 'sequence', parts };
  }

  #readPart(token: string): PatternNode {
    switch (token) {
      case '^':
        return { kind: 'start' };
      case '$':
        return { kind: 'end' };
      case '(':
      case '(?:':
        return this.#readGroup();
      default:
        if (QUANTIFIER.test(token)) throw new Error(`${quote(token)} repeats nothing`);
        return { kind: 'character', accepts: this.#parseCharacter(token) };
    }
  }

  #readGroup(): PatternNode {
    const choice = this.#readChoice();
    if (!this.#take(')')) throw new Error("a '(' has no ')'");
    return choice;
  }

  /** Lazy quantifiers match the same names as the others. */
  #readRepeat(body: PatternNode): PatternNode {
    const token = this.#token ?? '';
    const match = QUANTIFIER.exec(token);
    if (match === null) return body;
    this.#at += 1;
    if (!token.startsWith('{'))
      return { kind: 'repeat', body, min: token.startsWith('+') ? 1 : 0, max: token.startsWith('?') ? 1 : Infinity };
    const [, from = '', comma, to = ''] = match;
    const min = Number(from);
    const upTo = to === '' ? Infinity : Number(to);
    const max = comma === undefined ? min : upTo;
    if (max < min) throw new Error(`${quote(token)} has its bounds the wrong way round`);
    return { kind: 'repeat', body, min, max };
  }

  #parseCharacter(token: string): AsciiSet {
    const accepts = new RegExp(`^(?:${sourceOf(token)})$`, this.#flags);
    return ASCII.map((character) => accepts.test(character));
  }

  get #token(): string | undefined {
    return this.#tokens[this.#at];
  }

  #take(token: string): boolean {
    if (this.#token !== token) return false;
    this.#at += 1;
    return true;
  }
}

/** One character's pattern for JavaScript. */
function sourceOf(token: string): string {
  if (token === '.' || SHORTHAND.test(token)) return token;
  if (token.length > 2 && token.startsWith('[')) return classOf(token);
  if (ESCAPED_SIGN.test(token)) return literal(token.slice(1));
  if (token.length === 1 && token !== '[' && token !== '\\') return literal(token);
  throw new Error(`${quote(token)} is not supported`);
}

function literal(character: string): string {
  return SIGN.test(character) ? `\\${character}` : character;
}

function classOf(token: string): string {
  // JavaScript would take RE2's [[:alpha:]] for a class of these signs and letters.
  if (token.includes('[:')) throw new Error(`${quote(token)} is not supported`);
  try {
    new RegExp(token, 'u');
    return token;
  } catch (error) {
    throw new Error(`${quote(token)} is no class of characters`, { cause: error });
  }
}
