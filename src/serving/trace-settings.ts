import { ServingError } from '../error/serving-error.js';
import type { TraceChange, TraceLevel, TraceValues } from '../model/trace-settings.js';
import { CallSampler, type TraceBudget, type TraceRule, type TraceRules } from '../telemetry/call-sampler.js';
import type { Sampling } from '../telemetry/sampling.js';

/** Which share of the calls is traced, and how Triton says it. */
interface TraceShare {
  readonly rate: number;
  /** 1 / rate, except where OTEL_TRACES_SAMPLER_ARG said a share that is no whole rate. */
  readonly ratio: number;
}

/** What was given for one model or for all; undefined: the wider settings hold. */
interface GivenSettings {
  readonly level: TraceLevel | undefined;
  readonly share: TraceShare | undefined;
  readonly budget: TraceBudget | undefined;
}

type EffectiveSettings = { readonly [K in keyof GivenSettings]: NonNullable<GivenSettings[K]> };

const NOTHING_GIVEN: GivenSettings = { level: undefined, share: undefined, budget: undefined };
/** Triton's own, for a server that traces nothing until it is told to. */
const DEFAULT_RATE = 1000;
const MAX_RATE = 0xffffffff;

/** Told of each change: the settings that now hold for `model`, or for all where it is undefined. */
export type TraceSettingsListener = (model: string | undefined, values: TraceValues) => void;

/**
 * Which calls are traced, for all models and for single ones, as callers may change it while the server runs. What is not given for a model
 * holds for all, and what is not given for all is what the OTEL_* variables said. A budget is of whom it was given for: models without one
 * of their own spend the common one.
 */
export class TraceSettings {
  /** Decides as the settings say, from the moment they change. */
  readonly sampler: CallSampler;
  readonly #exports: boolean;
  readonly #start: EffectiveSettings;
  readonly #onChange: TraceSettingsListener;
  #global = NOTHING_GIVEN;
  readonly #models = new Map<string, GivenSettings>();

  /** `sampling` is undefined where no exporter is configured. */
  constructor(sampling: Sampling | undefined, onChange: TraceSettingsListener) {
    this.#exports = sampling !== undefined;
    this.#start = startSettings(sampling);
    this.#onChange = onChange;
    this.sampler = new CallSampler(sampling?.parentBased ?? true, this.#rules());
  }

  /** The settings that hold for `model`; for every model without its own where it is undefined. */
  read(model: string | undefined): TraceValues {
    const { level, share, budget } = this.#effective(model);
    return { level, rate: share.rate, count: budget.left === Infinity ? -1 : budget.left };
  }

  /** The caller answers for the model's existence. Throws `unsupported` where no exporter is configured and tracing would begin. */
  change(model: string | undefined, change: TraceChange): void {
    if (change.level === 'TIMESTAMPS' && !this.#exports) throw noExporter();
    if (model === undefined) this.#global = mergeChange(this.#global, change);
    else this.#give(model, mergeChange(this.#models.get(model) ?? NOTHING_GIVEN, change));
    this.sampler.replace(this.#rules());
    this.#onChange(model, this.read(model));
  }

  /** Takes back what was given for a model that is gone. */
  forget(model: string): void {
    if (this.#models.delete(model)) this.sampler.replace(this.#rules());
  }

  #give(model: string, given: GivenSettings): void {
    if (Object.values(given).every((value) => value === undefined)) this.#models.delete(model);
    else this.#models.set(model, given);
  }

  #effective(model: string | undefined): EffectiveSettings {
    const given = (model === undefined ? undefined : this.#models.get(model)) ?? NOTHING_GIVEN;
    return {
      level: given.level ?? this.#global.level ?? this.#start.level,
      share: given.share ?? this.#global.share ?? this.#start.share,
      budget: given.budget ?? this.#global.budget ?? this.#start.budget,
    };
  }

  #rules(): TraceRules {
    const models = new Map([...this.#models.keys()].map((model) => [model, ruleOf(this.#effective(model))]));
    return { global: ruleOf(this.#effective(undefined)), models };
  }
}

function startSettings(sampling: Sampling | undefined): EffectiveSettings {
  const budget = { left: Infinity };
  if (sampling === undefined || (sampling.ratio === 0 && !sampling.parentBased))
    return { level: 'OFF', share: shareOf(DEFAULT_RATE), budget };
  const { ratio } = sampling;
  const rate = ratio === 0 ? 0 : Math.min(MAX_RATE, Math.round(1 / ratio));
  return { level: 'TIMESTAMPS', share: { rate, ratio }, budget };
}

function mergeChange({ level, share, budget }: GivenSettings, change: TraceChange): GivenSettings {
  return {
    level: changed(level, change.level, (next) => next),
    share: changed(share, change.rate, shareOf),
    budget: changed(budget, change.count, (count) => ({ left: count < 0 ? Infinity : count })),
  };
}

function changed<G, C>(before: G | undefined, next: C | null | undefined, take: (next: C) => G): G | undefined {
  if (next === undefined) return before;
  return next === null ? undefined : take(next);
}

function shareOf(rate: number): TraceShare {
  return { rate, ratio: 1 / rate };
}

function ruleOf({ level, share, budget }: EffectiveSettings): TraceRule {
  return { on: level !== 'OFF', ratio: share.ratio, budget };
}

function noExporter(): ServingError {
  return new ServingError('unsupported', 'traces have nowhere to go: the server was started without OTEL_EXPORTER_OTLP_ENDPOINT');
}
