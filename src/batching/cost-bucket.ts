/** Costs below this have a bucket each: these are the batch sizes that a cap is chosen among most often. */
const EXACT = 16;
/** Above, each power of two has so many: neighbours are at most a quarter apart, and what lies between is interpolated. */
const PER_OCTAVE = 4;
const MAX_COST = 2 ** 31 - 1;

/** Buckets that any cost falls into. */
export const COST_BUCKETS = EXACT + (31 - 4) * PER_OCTAVE;

export function costBucket(cost: number): number {
  const whole = Math.max(1, Math.min(Math.floor(cost), MAX_COST));
  if (whole < EXACT) return whole;
  const octave = 31 - Math.clz32(whole);
  return EXACT + (octave - 4) * PER_OCTAVE + ((whole >> (octave - 2)) & (PER_OCTAVE - 1));
}

/** The smallest cost of a bucket. */
export function bucketStart(bucket: number): number {
  if (bucket < EXACT) return bucket;
  const step = bucket - EXACT;
  return 2 ** (4 + Math.floor(step / PER_OCTAVE)) * (1 + (step % PER_OCTAVE) / PER_OCTAVE);
}
