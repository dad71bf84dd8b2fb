export interface LruCount {
  readonly hits: number;
  readonly misses: number;
  readonly evictions: number;
}

/** What an empty cache with room for `room` items of one size does with `trace` when what was used longest ago goes first. */
export function simulateLru(trace: Iterable<unknown>, room: number): LruCount {
  // A Set keeps the order in which its items were added: what is used is added again.
  const resident = new Set<unknown>();
  let hits = 0;
  let misses = 0;
  let evictions = 0;
  for (const item of trace) {
    if (resident.delete(item)) hits += 1;
    else misses += 1;
    if (resident.size >= room) {
      resident.delete(resident.values().next().value);
      evictions += 1;
    }
    resident.add(item);
  }
  return { hits, misses, evictions };
}
