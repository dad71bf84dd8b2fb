import { COST_BUCKETS, costBucket } from './cost-bucket.js';
import { CostCurve } from './cost-curve.js';

/** Observations after which a bucket counts: with two, one of which was a stall, it may still be wrong by any factor. */
const CONFIRMED = 3;
/** An estimate moves by at least 1/8 of what an observation is off: it follows a model that changes within some tens of batches. */
const SETTLED = 8;
/** What one observation may be off by, as a logarithm: 28 % up and 65 % down. Time is lost to stalls, never gained, so a fast run is believed more. */
const CLIP_UP = 0.25;
const CLIP_DOWN = 0.5;
/** So many observations in a row that are off by more, in one direction, are no stalls but a model that changed: the clip then widens. */
const PATIENCE = 6;
/** What the clock cannot tell from nothing. */
const LEAST_MS = 0.001;
/** The curve is fitted anew when an estimate moved by 2 %: less decides nothing. */
const DRIFT = 0.02;
/** Runs after which an estimate that was not seen again weighs half. */
const HALF_WEIGHT = 64;
/** No batch costs more; where costs are unbounded it stands for the largest. */
const LARGEST = 2 ** 31;

/**
 * What an instance takes for a batch of some cost, learned from what ran. Costs fall into a fixed number of buckets, each with the logarithm
 * of its time: stochastic approximation (Robbins and Monro 1951) with clipped residuals (Huber 1964), so that the estimate stays near the
 * median whatever the stalls. Half of what a settled bucket learns goes to a factor that all share, as a machine that becomes slower does so
 * for sizes, too, that do not run now. What is predicted is a never falling curve through the buckets.
 */
export class CostModel {
  /** Mean cost and time (a logarithm, less the shared one), observations (as far as they count) and the last run of each bucket. */
  readonly #costs = new Float64Array(COST_BUCKETS);
  readonly #logs = new Float64Array(COST_BUCKETS);
  readonly #counts = new Uint8Array(COST_BUCKETS);
  readonly #seenAt = new Float64Array(COST_BUCKETS);
  /** The whole logarithm that the curve was fitted to. */
  readonly #fitted = new Float64Array(COST_BUCKETS);
  readonly #curve = new CostCurve();
  #shared = 0;
  /** Observations in a row that were off by more than the clip; negative: that were faster. */
  #streak = 0;
  #runs = 0;
  #revision = 0;
  #isFitted = false;

  /** Begins with what `prior` knows by now; a few observations of its own replace it. */
  constructor(prior?: CostModel) {
    if (prior === undefined) return;
    this.#costs.set(prior.#costs);
    this.#logs.set(prior.#logs);
    this.#counts.set(prior.#counts.map((count) => Math.min(count, CONFIRMED)));
    this.#seenAt.set(prior.#seenAt);
    this.#shared = prior.#shared;
    this.#runs = prior.#runs;
  }

  /** Batches observed, those of the prior included. */
  get runs(): number {
    return this.#runs;
  }

  /** Differs whenever predictions may. */
  get revision(): number {
    return this.#revision;
  }

  /** The smallest cost that predictions rest on; Infinity while nothing was observed. */
  get leastCost(): number {
    this.#fit();
    return this.#curve.points === 0 ? Number.POSITIVE_INFINITY : this.#curve.firstCost;
  }

  /** The largest such cost; 0 while nothing was observed. */
  get largestCost(): number {
    this.#fit();
    return this.#curve.points === 0 ? 0 : this.#curve.lastCost;
  }

  /** Whether sizes like this one were observed often enough to count. */
  knows(cost: number): boolean {
    return (this.#counts[costBucket(cost)] ?? 0) >= CONFIRMED;
  }

  /** A batch of `cost` (1 or more) took `ms`. */
  observe(cost: number, ms: number): void {
    const bucket = costBucket(cost);
    const count = this.#counts[bucket] ?? 0;
    const log = Math.log(Math.max(ms, LEAST_MS)) - this.#shared;
    this.#runs += 1;
    this.#seenAt[bucket] = this.#runs;
    if (count < SETTLED) this.#counts[bucket] = count + 1;
    const known = this.#logs[bucket] ?? 0;
    if (count === 0) this.#begin(bucket, cost, log);
    else if (count < CONFIRMED - 1) this.#logs[bucket] = Math.min(known, log);
    else this.#learn(bucket, cost, this.#clipped(log - known), count + 1);
    const moved = Math.abs((this.#logs[bucket] ?? 0) + this.#shared - (this.#fitted[bucket] ?? 0));
    if (count < CONFIRMED || moved > DRIFT) this.#invalidate();
  }

  /** Undefined until something was observed. A larger cost never takes less. */
  executeMs(cost: number): number | undefined {
    this.#fit();
    return this.#curve.points === 0 ? undefined : this.#curve.msAt(cost);
  }

  /** The largest cost up to `most`, but at least 1, that is predicted to be over within `ms`; `most` while nothing was observed. */
  largestWithin(ms: number, most: number): number {
    if (!((this.executeMs(Math.min(most, LARGEST)) ?? 0) > ms)) return most;
    let low = 1;
    let high = Math.min(most, LARGEST);
    while (high - low > 1) {
      const middle = Math.floor((low + high) / 2);
      if ((this.executeMs(middle) ?? 0) <= ms) low = middle;
      else high = middle;
    }
    return low;
  }

  #begin(bucket: number, cost: number, log: number): void {
    this.#costs[bucket] = cost;
    this.#logs[bucket] = log;
  }

  #learn(bucket: number, cost: number, residual: number, count: number): void {
    const mean = this.#costs[bucket] ?? 0;
    this.#costs[bucket] = mean + (cost - mean) / SETTLED;
    const step = residual / Math.min(count, SETTLED);
    const shared = count > SETTLED ? step / 2 : 0;
    this.#shared += shared;
    this.#logs[bucket] = (this.#logs[bucket] ?? 0) + step - shared;
  }

  #clipped(residual: number): number {
    if (residual > CLIP_UP) this.#streak = Math.max(1, this.#streak + 1);
    else if (residual < -CLIP_DOWN) this.#streak = Math.min(-1, this.#streak - 1);
    else this.#streak = 0;
    const wider = Math.max(1, Math.abs(this.#streak) - PATIENCE);
    return Math.max(-CLIP_DOWN * wider, Math.min(residual, CLIP_UP * wider));
  }

  #invalidate(): void {
    this.#isFitted = false;
    this.#revision += 1;
  }

  #fit(): void {
    if (this.#isFitted) return;
    this.#isFitted = true;
    this.#fitTo(CONFIRMED);
    if (this.#curve.points === 0) this.#fitTo(1);
  }

  /** Takes the buckets with so many observations. */
  #fitTo(least: number): void {
    this.#curve.clear();
    for (let bucket = 0; bucket < COST_BUCKETS; bucket += 1) {
      if ((this.#counts[bucket] ?? 0) < least) continue;
      const log = (this.#logs[bucket] ?? 0) + this.#shared;
      this.#fitted[bucket] = log;
      const age = this.#runs - (this.#seenAt[bucket] ?? 0);
      this.#curve.add(this.#costs[bucket] ?? 0, Math.exp(log), 1 / (HALF_WEIGHT + age));
    }
    this.#curve.finish();
  }
}
