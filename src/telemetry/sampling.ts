import type { TraceParent } from './traceparent.js';

/** Which calls are traced. */
export interface Sampling {
  /** Whether a caller's own decision holds. */
  readonly parentBased: boolean;
  /** Share of the calls that nobody has decided on, 0 to 1. */
  readonly ratio: number;
}

/** `draw` is random, from [0, 1), and counts only where nothing else decides. A larger ratio never leaves out what a smaller one samples. */
export function isSampled({ parentBased, ratio }: Sampling, parent: TraceParent | undefined, draw: number): boolean {
  if (parent === undefined) return draw < ratio;
  return parentBased ? parent.sampled : isTraceSampled(parent.traceId, ratio);
}

/** By the trace id alone and by the SDK's own rule (TraceIdRatioBased), so that every process of one trace decides alike. */
function isTraceSampled(traceId: string, ratio: number): boolean {
  if (ratio >= 1) return true;
  let mixed = 0;
  for (let at = 0; at < traceId.length; at += 8) mixed = (mixed ^ Number.parseInt(traceId.slice(at, at + 8), 16)) >>> 0;
  return mixed < Math.floor(ratio * 0xffffffff);
}
