/** What is recorded of a call: nothing, or when each of its steps began and ended. The words are Triton's. */
export type TraceLevel = 'OFF' | 'TIMESTAMPS';

/** The trace settings in force: those of one model, or those of every call that no model's settings rule. */
export interface TraceValues {
  readonly level: TraceLevel;
  /** One call in so many is traced; 0: only those whose callers trace them. */
  readonly rate: number;
  /** Traces left to make; -1: no end. */
  readonly count: number;
}

/** What to change; what is absent stays. Null takes a value back that was given before. */
export type TraceChange = { readonly [K in keyof TraceValues]?: TraceValues[K] | null };
