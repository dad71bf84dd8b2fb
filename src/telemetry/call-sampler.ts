import { isSampled, type Sampling } from './sampling.js';
import type { TraceParent } from './traceparent.js';

/** How many traces may still be made, Infinity for any number. Rules may share one. */
export interface TraceBudget {
  left: number;
}

export interface TraceRule {
  /** False: nothing is traced, not even a call that its caller traces. */
  readonly on: boolean;
  /** Share of the calls that nobody has decided on, 0 to 1. */
  readonly ratio: number;
  /** Spent by the same calls. */
  readonly budget: TraceBudget;
}

export interface TraceRules {
  /** For every call that no model's rule is for. */
  readonly global: TraceRule;
  readonly models: ReadonlyMap<string, TraceRule>;
}

/** By what a call was admitted, and is settled: the same draw, so that the second answer agrees with the first. */
export interface SamplingInput {
  readonly parent: TraceParent | undefined;
  /** Random, from [0, 1). */
  readonly draw: number;
}

/**
 * Decides in two steps, since a call comes before its model is known: `admits` says yes where any rule might, `settles` says what the
 * model's own rule says. Where there is one rule for all and no end to its budget, the first step is the last.
 */
export class CallSampler {
  readonly #parentBased: boolean;
  #rules: TraceRules;
  /** The rule that samples most. */
  #widest: Sampling;
  #enabled = false;

  constructor(parentBased: boolean, rules: TraceRules) {
    this.#parentBased = parentBased;
    this.#rules = rules;
    this.#widest = { parentBased, ratio: 0 };
    this.#widen();
  }

  /** Holds from the next decision on; calls that were admitted before are settled by the new rules. */
  replace(rules: TraceRules): void {
    this.#rules = rules;
    this.#widen();
  }

  /** False where no rule samples anything. */
  get enabled(): boolean {
    return this.#enabled;
  }

  /** Whether a call that is admitted has still to be settled. */
  get settlesLater(): boolean {
    return this.#rules.models.size > 0 || this.#rules.global.budget.left !== Infinity;
  }

  admits(parent: TraceParent | undefined, draw: number): boolean {
    return this.#enabled && isSampled(this.#widest, parent, draw);
  }

  /** Once for each call that was admitted. `model` is undefined for a call that had none: it spends no budget, but needs one that is not spent. */
  settles(model: string | undefined, { parent, draw }: SamplingInput): boolean {
    const { global, models } = this.#rules;
    const { on, ratio, budget } = (model === undefined ? undefined : models.get(model)) ?? global;
    if (!on) return false;
    if (this.#parentBased && parent !== undefined) return parent.sampled;
    if (budget.left === 0 || !isSampled({ parentBased: false, ratio }, parent, draw)) return false;
    if (model !== undefined) this.#spend(budget);
    return true;
  }

  #spend(budget: TraceBudget): void {
    budget.left -= 1;
    if (budget.left === 0) this.#widen();
  }

  #widen(): void {
    const rules = [this.#rules.global, ...this.#rules.models.values()].filter(({ on }) => on);
    const ratio = Math.max(0, ...rules.filter(({ budget }) => budget.left > 0).map((rule) => rule.ratio));
    this.#widest = { parentBased: this.#parentBased, ratio };
    this.#enabled = ratio > 0 || (this.#parentBased && rules.length > 0);
  }
}
