import { type AsciiSet, type PatternNode, parseHeaderPattern } from './header-pattern-syntax.js';

/** Names of real headers are far shorter; no longer one matches. */
const MAX_NAME_CHARS = 256;
/** A name costs at most so many steps for each of its characters. Real patterns have some tens. */
const MAX_STATES = 1000;
const MAX_PATTERN_CHARS = 1000;

/** A state of the automaton: a character to take, a mark to stand at, or a fork that takes nothing. */
type State =
  | { readonly kind: 'character'; readonly accepts: AsciiSet; readonly next: State }
  | { readonly kind: 'start' | 'end'; readonly next: State }
  | { readonly kind: 'fork'; readonly next: State[] }
  | { readonly kind: 'found' };

const FOUND: State = { kind: 'found' };

/**
 * A regular expression over the names of headers, found anywhere in a name unless it is anchored. Operators write patterns and anybody writes headers,
 * so it is an automaton and not JavaScript's RegExp: the time is the name's length times the pattern's, whatever they are.
 */
export class HeaderPattern {
  readonly source: string;
  readonly #first: State;

  /** Throws an Error that says what is wrong with the pattern. */
  constructor(source: string) {
    if (source.length > MAX_PATTERN_CHARS) throw new Error(`it is longer than ${MAX_PATTERN_CHARS} characters`);
    this.source = source;
    this.#first = new Compiler().compile(parseHeaderPattern(source), FOUND);
  }

  matches(name: string): boolean {
    if (name.length > MAX_NAME_CHARS) return false;
    let current = new Set<State>();
    for (let at = 0; at <= name.length; at++) {
      enter(this.#first, at, name.length, current);
      if (current.has(FOUND)) return true;
      current = step(current, name.charCodeAt(at), at + 1, name.length);
    }
    return false;
  }
}

/** The states that are reached by taking one character; NaN, which is none, leads nowhere. */
function step(current: ReadonlySet<State>, code: number, at: number, length: number): Set<State> {
  const reached = new Set<State>();
  for (const state of current) {
    if (state.kind === 'character' && state.accepts[code] === true) enter(state.next, at, length, reached);
  }
  return reached;
}

/** Adds `first` and all that can be reached from it without taking a character. */
function enter(first: State, at: number, length: number, reached: Set<State>): void {
  const open = [first];
  for (let state = open.pop(); state !== undefined; state = open.pop()) {
    if (reached.has(state)) continue;
    reached.add(state);
    if (state.kind === 'fork') open.push(...state.next);
    else if ((state.kind === 'start' && at === 0) || (state.kind === 'end' && at === length)) open.push(state.next);
  }
}

/** Builds the automaton from its end. */
class Compiler {
  #states = 0;

  compile(node: PatternNode, next: State): State {
    this.#states += 1;
    if (this.#states > MAX_STATES) throw new Error(`it has more than ${MAX_STATES} states`);
    switch (node.kind) {
      case 'character':
        return { kind: 'character', accepts: node.accepts, next };
      case 'start':
      case 'end':
        return { kind: node.kind, next };
      case 'sequence':
        return node.parts.reduceRight((rest, part) => this.compile(part, rest), next);
      case 'choice':
        return { kind: 'fork', next: node.parts.map((part) => this.compile(part, next)) };
      case 'repeat':
        return this.#compileRepeat(node.body, node.min, node.max, next);
    }
  }

  #compileRepeat(body: PatternNode, min: number, max: number, next: State): State {
    let state = max === Infinity ? this.#loop(body, next) : next;
    if (max !== Infinity) for (let more = min; more < max; more++) state = { kind: 'fork', next: [this.compile(body, state), next] };
    for (let once = 0; once < min; once++) state = this.compile(body, state);
    return state;
  }

  #loop(body: PatternNode, next: State): State {
    const fork: State = { kind: 'fork', next: [next] };
    fork.next.push(this.compile(body, fork));
    return fork;
  }
}
