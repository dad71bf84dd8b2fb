import { bestFit } from './best-fit.js';
import type { BatchBounds } from './bounds.js';
import { Draft } from './draft.js';
import type { Entry } from './entry.js';

/** Entries that are to run together, the head first. */
export type Composition = Pick<Draft, 'entries' | 'rows' | 'length' | 'cost' | 'padding'>;

/**
 * Who runs with `head`, which leads a list of entries of one batch key. Whatever the others are, the head is in: so an entry runs after no more
 * batches of its key than it has entries before it. An entry that does not fit is passed over by those behind it of its own rank, never by a lower
 * one. Members of different lengths are chosen by length, `spare` being the padding that they may have beyond their share.
 */
export function compose(head: Entry, bounds: BatchBounds, spare: number): Composition {
  const draft = new Draft(head);
  let looks = bounds.lookAhead;
  let passed: Entry | undefined;
  for (let entry = head.next; entry !== undefined && draft.rows < bounds.maxRows; entry = entry.next) {
    if (entry.length !== head.length && bounds.lookAhead > 0) return composeByLength(head, bounds, spare);
    if (passed !== undefined && (looks-- === 0 || entry.rank !== passed.rank)) break;
    if (draft.fits(entry, bounds, spare)) draft.add(entry);
    else passed ??= entry;
  }
  return draft;
}

/** Rank by rank: the next one fills up only what all of the last one that were looked at have left. */
function composeByLength(head: Entry, bounds: BatchBounds, spare: number): Composition {
  const draft = new Draft(head);
  let looks = bounds.lookAhead;
  let entry = head.next;
  while (entry !== undefined && looks > 0 && draft.rows < bounds.maxRows) {
    const { rank } = entry;
    const candidates: Entry[] = [];
    for (; entry?.rank === rank && looks > 0; entry = entry.next, looks--) candidates.push(entry);
    const chosen = bestFit(draft, candidates, bounds, spare);
    for (const member of chosen) draft.add(member);
    if (chosen.length < candidates.length) break;
  }
  return draft;
}
