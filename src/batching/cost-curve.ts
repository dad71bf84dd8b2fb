import { COST_BUCKETS } from './cost-bucket.js';

/**
 * A never falling curve through points of ascending cost. Points that contradict it are pooled into their weighted mean (pool adjacent
 * violators: Ayer et al. 1955, Barlow et al. 1972), so that what is known better wins. Its arrays are made once.
 */
export class CostCurve {
  readonly #costs = new Float64Array(COST_BUCKETS);
  readonly #ms = new Float64Array(COST_BUCKETS);
  /** Points of equal time, pooled: where each ends, what they take and how well that is known. */
  readonly #ends = new Int32Array(COST_BUCKETS);
  readonly #means = new Float64Array(COST_BUCKETS);
  readonly #weights = new Float64Array(COST_BUCKETS);
  #points = 0;
  #pools = 0;

  clear(): void {
    this.#points = 0;
    this.#pools = 0;
  }

  /** `cost` is larger than that of any point before. */
  add(cost: number, ms: number, weight: number): void {
    this.#costs[this.#points++] = cost;
    let mean = ms;
    let total = weight;
    for (; this.#pools > 0 && at(this.#means, this.#pools - 1) > mean; this.#pools -= 1) {
      const other = at(this.#weights, this.#pools - 1);
      mean = (mean * total + at(this.#means, this.#pools - 1) * other) / (total + other);
      total += other;
    }
    this.#ends[this.#pools] = this.#points;
    this.#means[this.#pools] = mean;
    this.#weights[this.#pools++] = total;
  }

  /** To be called after the last `add`. */
  finish(): void {
    for (let pool = 0, point = 0; pool < this.#pools; pool += 1) {
      const end = at(this.#ends, pool);
      for (; point < end; point += 1) this.#ms[point] = at(this.#means, pool);
    }
  }

  get points(): number {
    return this.#points;
  }

  get firstCost(): number {
    return at(this.#costs, 0);
  }

  get lastCost(): number {
    return at(this.#costs, this.#points - 1);
  }

  /** Of a curve that has points. */
  msAt(cost: number): number {
    const last = this.#points - 1;
    if (cost <= this.firstCost) return this.#below(cost);
    if (cost >= this.lastCost) return this.#above(cost);
    let low = 0;
    let high = last;
    while (high - low > 1) {
      const middle = (low + high) >> 1;
      if (at(this.#costs, middle) <= cost) low = middle;
      else high = middle;
    }
    return at(this.#ms, low) + this.#slope(low, high) * (cost - at(this.#costs, low));
  }

  /** On the line of the first points, but neither faster per row than the smallest that is known nor slower than it. One point: as slow as it. */
  #below(cost: number): number {
    const ms = at(this.#ms, 0);
    let other = 0;
    while (other < this.#points - 1 && at(this.#costs, other) < 2 * this.firstCost) other += 1;
    const line = ms - this.#slope(0, other) * (this.firstCost - cost);
    return Math.max(line, (ms * cost) / this.firstCost);
  }

  /** On the line of the last points, but no slower per row than the largest that is known. One point: in proportion to it. */
  #above(cost: number): number {
    const last = this.#points - 1;
    const ms = at(this.#ms, last);
    let other = last;
    while (other > 0 && 2 * at(this.#costs, other) > this.lastCost) other -= 1;
    const proportional = ms / this.lastCost;
    const slope = other === last ? proportional : Math.min(this.#slope(other, last), proportional);
    return ms + slope * (cost - this.lastCost);
  }

  /** Between two points; 0 at one. */
  #slope(low: number, high: number): number {
    if (low === high) return 0;
    return (at(this.#ms, high) - at(this.#ms, low)) / (at(this.#costs, high) - at(this.#costs, low));
  }
}

function at(array: Float64Array | Int32Array, index: number): number {
  return array[index] ?? 0;
}
