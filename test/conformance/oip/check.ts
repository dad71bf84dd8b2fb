import type { Ground } from './ground.js';

/** `must`: the Open Inference Protocol (or gRPC, or protobuf under it) says so. `should`: it suggests so. `triton`: Triton's superset. */
export const LEVELS = ['must', 'should', 'triton'] as const;

export type Level = (typeof LEVELS)[number];

export interface Check {
  /** "area.name"; stays the same over versions of the suite. */
  readonly id: string;
  /** What holds when the check passes. */
  readonly title: string;
  readonly level: Level;
  /** What it tests: a document and a section of it. */
  readonly section: string;
  /** Resolves where it holds; throws a Failure where it does not and a Skip where it does not apply. */
  readonly run: (ground: Ground) => Promise<void>;
}

export type Verdict =
  | { readonly kind: 'passed' }
  | { readonly kind: 'failed'; readonly expected: string; readonly given: string }
  | { readonly kind: 'skipped'; readonly reason: string };

/** The server did something else than the check expects. */
export class Failure extends Error {
  readonly expected: string;
  readonly given: string;

  constructor(expected: string, given: string) {
    super(`expected ${expected}, given ${given}`);
    this.expected = expected;
    this.given = given;
  }
}

/** The check says nothing about this server. */
export class Skip extends Error {}

export function assert(holds: boolean, expected: string, given: string): asserts holds {
  if (!holds) throw new Failure(expected, given);
}

export function assertEqual(what: string, given: unknown, expected: unknown): void {
  assert(JSON.stringify(given) === JSON.stringify(expected), `${what} ${show(expected)}`, show(given));
}

/** A value as a report shows it: short, on one line. */
export function show(value: unknown): string {
  const text = value === undefined ? 'nothing' : JSON.stringify(value);
  return text.length > 200 ? `${text.slice(0, 200)}…` : text;
}

/** A title within a sentence. */
export function midSentence(title: string): string {
  return title.charAt(0).toLowerCase() + title.slice(1);
}

/** Never rejects. */
export async function judge(check: Check, ground: Ground): Promise<Verdict> {
  try {
    await check.run(ground);
    return { kind: 'passed' };
  } catch (error) {
    if (error instanceof Skip) return { kind: 'skipped', reason: error.message };
    if (error instanceof Failure) return { kind: 'failed', expected: error.expected, given: error.given };
    return { kind: 'failed', expected: 'an answer that can be read', given: String(error) };
  }
}
