import { Arrivals } from '../../src/batching/arrivals.js';
import { CostModel } from '../../src/batching/cost-model.js';
import { type BatchLimits, type Choice, type CloseReason, chooseBatch } from '../../src/batching/policy.js';
import { queueView } from './queue-view.js';
import { seededRandom } from './seeded-random.js';

export interface SimulationSettings {
  readonly limits: Partial<BatchLimits>;
  readonly callers: number;
  /** What a batch of so many rows takes at best; the noise is on top. */
  readonly executeMs: (rows: number) => number;
  /** Rows answered before the simulation ends. */
  readonly rows: number;
  readonly depth?: number;
  readonly seed?: number;
}

export interface SimulatedBatch {
  readonly rows: number;
  readonly reason: CloseReason;
  readonly endedAt: number;
}

/** What each run costs besides the model. */
const OVERHEAD_MS = 0.03;
/** From an answer to the same caller's next request, at most. */
const TURNAROUND_MS = 0.2;

/**
 * One instance and callers who send one row, wait for the answer and send the next, in simulated time. Timers are a whole number of
 * milliseconds, as those of the server are.
 */
export class BatchingSimulation {
  readonly costs = new CostModel();
  readonly batches: SimulatedBatch[] = [];
  readonly latencies: number[] = [];
  readonly #settings: SimulationSettings;
  readonly #limits: BatchLimits;
  readonly #arrivals = new Arrivals();
  readonly #random: () => number;
  /** When each caller will send, ascending. */
  #coming: number[];
  #waiting: number[] = [];
  #underWay: (SimulatedBatch & { readonly startedAt: number; readonly sentAt: readonly number[]; readonly predictedMs: number })[] = [];
  #wakeAt = Number.POSITIVE_INFINITY;
  #now = 0;

  constructor(settings: SimulationSettings) {
    this.#settings = settings;
    this.#limits = { maxBatchSize: 32, preferredBatchSizes: [], maxQueueDelayMs: 0, maxQueueSize: 0, ...settings.limits };
    this.#random = seededRandom(settings.seed ?? 1);
    this.#coming = Array.from({ length: settings.callers }, () => this.#random()).sort((a, b) => a - b);
  }

  get rowsPerMs(): number {
    return this.latencies.length / this.#now;
  }

  latencyAt(quantile: number): number {
    const sorted = [...this.latencies].sort((a, b) => a - b);
    return sorted[Math.floor(quantile * (sorted.length - 1))] ?? 0;
  }

  run(): this {
    while (this.latencies.length < this.#settings.rows) {
      this.#now = Math.min(
        this.#coming[0] ?? Number.POSITIVE_INFINITY,
        this.#underWay[0]?.endedAt ?? Number.POSITIVE_INFINITY,
        this.#wakeAt,
      );
      this.#come();
      this.#end();
      this.#decide();
    }
    return this;
  }

  #come(): void {
    for (let at = this.#coming[0]; at !== undefined && at <= this.#now; at = this.#coming[0]) {
      this.#coming.shift();
      this.#waiting.push(at);
      this.#arrivals.came(at);
    }
  }

  #end(): void {
    const batch = this.#underWay[0];
    if (batch === undefined || batch.endedAt > this.#now) return;
    this.#underWay.shift();
    this.batches.push(batch);
    this.costs.observe(batch.rows, batch.endedAt - batch.startedAt - OVERHEAD_MS);
    for (const sentAt of batch.sentAt) {
      this.latencies.push(this.#now - sentAt);
      this.#coming.push(this.#now + TURNAROUND_MS * this.#random());
    }
    this.#coming.sort((a, b) => a - b);
  }

  #decide(): void {
    this.#wakeAt = Number.POSITIVE_INFINITY;
    for (;;) {
      const choice = this.#choose();
      if (choice === undefined) return;
      if (choice.kind === 'wait') {
        this.#wakeAt = this.#now + Math.max(1, Math.ceil(choice.untilMs - this.#now));
        return;
      }
      this.#start(choice.bounds.maxRows, choice.reason);
    }
  }

  #choose(): Choice | undefined {
    const [head] = this.#waiting;
    if (head === undefined) return undefined;
    const lane = { inFlight: this.#underWay.length, depth: this.#settings.depth ?? 2, freeAt: this.#freeAt, costs: this.costs };
    const arrivalGapMs = this.#arrivals.gapMs(this.#now);
    const view = queueView(new Array<number>(this.#waiting.length).fill(1), head);
    return chooseBatch([view], { limits: this.#limits, lane, arrivalGapMs, draining: false, now: this.#now });
  }

  get #freeAt(): number {
    const [first] = this.#underWay;
    if (first === undefined) return this.#now;
    return this.#underWay.reduce((at, { predictedMs }) => at + predictedMs, first.startedAt);
  }

  #start(maxRows: number, reason: CloseReason): void {
    const sentAt = this.#waiting.splice(0, Math.max(1, maxRows));
    const rows = sentAt.length;
    const startedAt = this.#underWay.at(-1)?.endedAt ?? this.#now;
    const endedAt = startedAt + this.#settings.executeMs(rows) * this.#noise() + OVERHEAD_MS;
    this.#underWay.push({ rows, reason, startedAt, endedAt, sentAt, predictedMs: this.costs.executeMs(rows) ?? 0 });
  }

  /** Upward only: a few per cent, and now and then a stall. */
  #noise(): number {
    const stall = this.#random() < 0.005 ? 5 : 0;
    return 1 + 0.08 * this.#random() ** 2 + stall * this.#random();
  }
}
