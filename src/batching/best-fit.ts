import type { BatchBounds } from './bounds.js';
import type { Draft } from './draft.js';
import type { Entry } from './entry.js';
import { allowedPadding, MAX_PADDING_SHARE } from './padding-budget.js';

/** Candidates of adjacent lengths, as places in their order: those from `from` to `end` that fit, in a batch of `length`. */
interface Run {
  readonly from: number;
  readonly end: number;
  readonly length: number;
  /** Of the whole batch. */
  readonly rows: number;
  readonly padding: number;
}

/**
 * Those of `candidates` that fill the draft best: with the most rows, and among equals with the least padding. They are of lengths next to each
 * other, for whoever is left out between two that are in would pad less than one of them. Each possible length of the batch is tried in turn.
 */
export function bestFit(draft: Draft, candidates: readonly Entry[], bounds: BatchBounds, spare: number): Entry[] {
  const byLength = [...candidates].sort((a, b) => b.length - a.length);
  let best: Run | undefined;
  let tried: number | undefined;
  for (const [from, candidate] of byLength.entries()) {
    const length = Math.max(candidate.length, draft.length);
    if (length === tried) continue;
    tried = length;
    const run = longestRun(draft, byLength, from, length, bounds, spare);
    if (run !== undefined && (best === undefined || isBetter(run, best))) best = run;
  }
  return best === undefined ? [] : membersOf(draft, byLength, best, bounds);
}

function isBetter(a: Run, b: Run): boolean {
  return a.rows > b.rows || (a.rows === b.rows && a.padding < b.padding);
}

/** Undefined where the draft itself would be padded too much. */
function longestRun(
  draft: Draft,
  byLength: readonly Entry[],
  from: number,
  length: number,
  bounds: BatchBounds,
  spare: number,
): Run | undefined {
  let run: Run | undefined;
  let { rows, ownCost } = draft;
  for (let at = from; rows < bounds.maxRows; at++) {
    const entry = byLength[at];
    if (entry === undefined) break;
    if (!hasRoom(rows + entry.rows, length, bounds)) continue;
    rows += entry.rows;
    ownCost += entry.cost;
    const cost = rows * length;
    const padding = cost - ownCost;
    if (padding <= allowedPadding(cost, spare)) run = { from, end: at + 1, length, rows, padding };
    // From here on, each more adds more padding than it allows.
    else if (entry.length < (1 - MAX_PADDING_SHARE) * length) break;
  }
  return run;
}

function membersOf(draft: Draft, byLength: readonly Entry[], { from, end, length }: Run, bounds: BatchBounds): Entry[] {
  let { rows } = draft;
  return byLength.slice(from, end).filter((entry) => {
    if (!hasRoom(rows + entry.rows, length, bounds)) return false;
    rows += entry.rows;
    return true;
  });
}

function hasRoom(rows: number, length: number, { maxRows, maxCost }: BatchBounds): boolean {
  return rows <= maxRows && rows * length <= maxCost;
}
