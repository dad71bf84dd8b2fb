import { describe, expect, it } from '@jest/globals';
import { ROOT_CONTEXT } from '@opentelemetry/api';
import { SamplingDecision, TraceIdRatioBasedSampler } from '@opentelemetry/sdk-trace-base';
import { isSampled } from '../../../src/telemetry/sampling.js';

const parent = (traceId: string, sampled: boolean) => ({ traceId, spanId: 'b7ad6b7169203331', sampled });
const TRACE = '0af7651916cd43dd8448eb211c80319c';
/** Samples nothing by itself. */
const HIGH = 0.999999;

describe('isSampled', () => {
  it("follows the caller's decision where it is parent based, whatever was drawn", () => {
    expect(isSampled({ parentBased: true, ratio: 0 }, parent(TRACE, true), HIGH)).toBe(true);
    expect(isSampled({ parentBased: true, ratio: 1 }, parent(TRACE, false), 0)).toBe(false);
  });

  it('goes by the draw for a call without a parent', () => {
    expect(isSampled({ parentBased: true, ratio: 0.5 }, undefined, 0.49)).toBe(true);
    expect(isSampled({ parentBased: true, ratio: 0.5 }, undefined, 0.5)).toBe(false);
    expect(isSampled({ parentBased: true, ratio: 1 }, undefined, HIGH)).toBe(true);
  });

  it('samples nothing at ratio 0', () => {
    expect(isSampled({ parentBased: false, ratio: 0 }, undefined, 0)).toBe(false);
  });

  it("decides by the trace id, as the SDK's own sampler does, where the parent does not rule", () => {
    const ids = Array.from(
      { length: 64 },
      (_, at) => `${(at * 0x9e3779b9).toString(16).padStart(16, '0')}${at.toString(16).padStart(16, 'a')}`,
    );
    for (const ratio of [0, 0.1, 0.5, 0.9, 1]) {
      const sdk = new TraceIdRatioBasedSampler(ratio);
      for (const id of ids) {
        const expected = sdk.shouldSample(ROOT_CONTEXT, id).decision === SamplingDecision.RECORD_AND_SAMPLED;
        expect(isSampled({ parentBased: false, ratio }, parent(id, false), HIGH)).toBe(expected);
      }
    }
  });
});
