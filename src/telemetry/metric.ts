/**
 * Counters and histograms whose hot path is a few array operations: labels are resolved once, when a child is made, and only a scrape
 * builds strings. prom-client's own children hash their labels on every observation.
 */

/** Label names and values in the order in which they are shown. */
export type Labels = Readonly<Record<string, string>>;

/** One line of the exposition in prom-client's words. */
export interface Sample {
  readonly metricName: string;
  readonly labels: Readonly<Record<string, string | number>>;
  readonly sharedLabels: Labels;
  readonly value: number;
}

/** What a scrape sees of a family. */
export interface Exposition {
  readonly name: string;
  readonly help: string;
  readonly type: 'counter' | 'histogram' | 'gauge';
  readonly aggregator: 'sum';
  readonly values: readonly Sample[];
}

const NO_LABELS: Labels = {};

export class BoundCounter {
  #value = 0;

  add(n = 1): void {
    this.#value += n;
  }

  get value(): number {
    return this.#value;
  }
}

export class BoundHistogram {
  readonly #bounds: Float64Array;
  /** Observations in each bucket alone; the last one is above every bound. */
  readonly #counts: Float64Array;
  #sum = 0;

  /** `bounds` ascend. */
  constructor(bounds: Float64Array) {
    this.#bounds = bounds;
    this.#counts = new Float64Array(bounds.length + 1);
  }

  observe(value: number): void {
    const bounds = this.#bounds;
    let low = 0;
    let high = bounds.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (value <= (bounds[middle] ?? 0)) high = middle;
      else low = middle + 1;
    }
    this.#counts[low] = (this.#counts[low] ?? 0) + 1;
    this.#sum += value;
  }

  get sum(): number {
    return this.#sum;
  }

  /** For each bound the observations at or below it, then all of them. */
  cumulative(): number[] {
    let total = 0;
    return Array.from(this.#counts, (count) => {
      total += count;
      return total;
    });
  }
}

/** A value that is looked up at each scrape. */
export class BoundGauge {
  /** Undefined while there is nothing to tell. */
  read: () => number | undefined = () => undefined;
}

/** One metric name with a child for each set of labels. Its type is declared even while it has no child. */
abstract class Family<Child> {
  readonly name: string;
  readonly help: string;
  readonly #children = new Map<Child, Labels>();

  constructor(name: string, help: string) {
    this.name = name;
    this.help = help;
  }

  abstract readonly type: Exposition['type'];

  protected abstract createChild(): Child;

  protected abstract samplesOf(child: Child, labels: Labels): Sample[];

  /** A new child. The caller keeps it: two children of equal labels would show as two series. */
  bind(labels: Labels): Child {
    const child = this.createChild();
    this.#children.set(child, labels);
    return child;
  }

  /** What the child still counts is not shown any more. */
  remove(child: Child): void {
    this.#children.delete(child);
  }

  /** Called by prom-client at each scrape. */
  get(): Promise<Exposition> {
    const values = Array.from(this.#children, ([child, labels]) => this.samplesOf(child, labels)).flat();
    return Promise.resolve({ name: this.name, help: this.help, type: this.type, aggregator: 'sum', values });
  }
}

export class CounterFamily extends Family<BoundCounter> {
  readonly type = 'counter';

  protected createChild(): BoundCounter {
    return new BoundCounter();
  }

  protected samplesOf(child: BoundCounter, labels: Labels): Sample[] {
    return [{ metricName: this.name, labels: NO_LABELS, sharedLabels: labels, value: child.value }];
  }
}

export class GaugeFamily extends Family<BoundGauge> {
  readonly type = 'gauge';

  protected createChild(): BoundGauge {
    return new BoundGauge();
  }

  protected samplesOf(child: BoundGauge, labels: Labels): Sample[] {
    const value = child.read();
    return value === undefined ? [] : [{ metricName: this.name, labels: NO_LABELS, sharedLabels: labels, value }];
  }
}

export class HistogramFamily extends Family<BoundHistogram> {
  readonly type = 'histogram';
  readonly #bounds: Float64Array;

  constructor(name: string, help: string, bounds: readonly number[]) {
    super(name, help);
    this.#bounds = Float64Array.from(bounds);
  }

  protected createChild(): BoundHistogram {
    return new BoundHistogram(this.#bounds);
  }

  protected samplesOf(child: BoundHistogram, sharedLabels: Labels): Sample[] {
    const cumulative = child.cumulative();
    const buckets = cumulative.map((value, at) => ({
      metricName: `${this.name}_bucket`,
      labels: { le: this.#bounds[at] ?? '+Inf' },
      sharedLabels,
      value,
    }));
    return [
      ...buckets,
      { metricName: `${this.name}_sum`, labels: NO_LABELS, sharedLabels, value: child.sum },
      { metricName: `${this.name}_count`, labels: NO_LABELS, sharedLabels, value: cumulative.at(-1) ?? 0 },
    ];
  }
}
