import { Entry } from '../../src/batching/entry.js';
import { callContext } from './call-context.js';

export interface EntryOptions {
  readonly rows?: number;
  readonly length?: number;
  readonly key?: string;
  readonly level?: number;
  readonly deadline?: number;
}

/** A waiting entry that carries nothing. */
export function createEntry({ rows = 1, length = 1, key = '', level = 0, deadline = Number.POSITIVE_INFINITY }: EntryOptions = {}): Entry {
  return new Entry({ inputs: [], rows, length, key }, callContext({ deadline }), 0, level);
}

/** The same entries, each linked to the next, as a queue holds those of one key. */
export function linked(entries: readonly Entry[]): Entry[] {
  for (const [at, entry] of entries.entries()) {
    entry.previous = entries[at - 1];
    entry.next = entries[at + 1];
  }
  return [...entries];
}
