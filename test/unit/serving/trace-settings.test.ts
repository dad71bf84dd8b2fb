import { describe, expect, it } from '@jest/globals';
import type { TraceValues } from '../../../src/model/trace-settings.js';
import { TraceSettings } from '../../../src/serving/trace-settings.js';
import type { Sampling } from '../../../src/telemetry/sampling.js';

const ALWAYS: Sampling = { parentBased: true, ratio: 1 };
const ON: TraceValues = { level: 'TIMESTAMPS', rate: 1, count: -1 };

function settings(sampling: Sampling = ALWAYS): TraceSettings {
  return new TraceSettings(sampling, () => undefined);
}

/** Whether a call of `model` with this draw is traced. */
function traces({ sampler }: TraceSettings, model: string, draw: number): boolean {
  return sampler.admits(undefined, draw) && (!sampler.settlesLater || sampler.settles(model, { parent: undefined, draw }));
}

describe('TraceSettings', () => {
  it.each<[string, Sampling | undefined, TraceValues]>([
    ['no exporter', undefined, { level: 'OFF', rate: 1000, count: -1 }],
    ['every call', ALWAYS, ON],
    ['a share', { parentBased: true, ratio: 0.3 }, { ...ON, rate: 3 }],
    ['hardly any call', { parentBased: false, ratio: 1e-12 }, { ...ON, rate: 0xffffffff }],
    ['calls that their callers trace', { parentBased: true, ratio: 0 }, { ...ON, rate: 0 }],
    ['no call', { parentBased: false, ratio: 0 }, { level: 'OFF', rate: 1000, count: -1 }],
  ])('begin with what the environment says: %s', (_, sampling, values) => {
    const start = new TraceSettings(sampling, () => undefined);
    expect(start.read(undefined)).toEqual(values);
    expect(start.read('m')).toEqual(values);
    expect(start.sampler.enabled).toBe(values.level !== 'OFF');
  });

  it('keep the share that the environment says until a rate is given, and again once it is taken back', () => {
    const some = settings({ parentBased: true, ratio: 0.3 });
    expect([traces(some, 'm', 0.29), traces(some, 'm', 0.3)]).toEqual([true, false]);
    some.change(undefined, { rate: 4 });
    expect([some.read(undefined).rate, traces(some, 'm', 0.24), traces(some, 'm', 0.25)]).toEqual([4, true, false]);
    some.change(undefined, { rate: null });
    expect([some.read(undefined).rate, traces(some, 'm', 0.29), traces(some, 'm', 0.3)]).toEqual([3, true, false]);
  });

  it('hold for every model that was given none of its own, field by field', () => {
    const all = settings();
    all.change('m', { rate: 12 });
    all.change(undefined, { level: 'OFF', rate: 56, count: 78 });
    expect(all.read('m')).toEqual({ level: 'OFF', rate: 12, count: 78 });
    expect(all.read('n')).toEqual({ level: 'OFF', rate: 56, count: 78 });
    all.change('m', { level: 'TIMESTAMPS', rate: null });
    expect(all.read('m')).toEqual({ level: 'TIMESTAMPS', rate: 56, count: 78 });
    all.change(undefined, { level: null, rate: null, count: null });
    expect(all.read('m')).toEqual(ON);
  });

  it('trace one model alone, and no more once its settings are taken back', () => {
    const one = settings();
    one.change(undefined, { level: 'OFF' });
    one.change('m', { level: 'TIMESTAMPS', rate: 2 });
    expect([traces(one, 'm', 0.4), traces(one, 'm', 0.5), traces(one, 'n', 0)]).toEqual([true, false, false]);
    one.change('m', { level: null, rate: null });
    expect([traces(one, 'm', 0), one.sampler.settlesLater]).toEqual([false, false]);
  });

  it('count down to nothing, and say what is left', () => {
    const counted = settings();
    counted.change(undefined, { count: 2 });
    expect([traces(counted, 'm', 0), counted.read(undefined).count]).toEqual([true, 1]);
    expect([traces(counted, 'n', 0), traces(counted, 'm', 0), counted.read('m').count]).toEqual([true, false, 0]);
    counted.change(undefined, { rate: 1 });
    expect([traces(counted, 'm', 0), counted.read(undefined).count]).toEqual([false, 0]);
    counted.change(undefined, { count: -1 });
    expect([traces(counted, 'm', 0), counted.read(undefined).count]).toEqual([true, -1]);
  });

  it("count a model's own traces apart", () => {
    const counted = settings();
    counted.change('m', { count: 1 });
    expect([traces(counted, 'm', 0), traces(counted, 'm', 0), traces(counted, 'n', 0)]).toEqual([true, false, true]);
    expect([counted.read('m').count, counted.read('n').count]).toEqual([0, -1]);
  });

  it('refuse to begin where traces have nowhere to go, and take everything else', () => {
    const off = new TraceSettings(undefined, () => undefined);
    expect(() => off.change('m', { level: 'TIMESTAMPS' })).toThrow(
      expect.objectContaining({ code: 'unsupported', message: expect.stringContaining('OTEL_EXPORTER_OTLP_ENDPOINT') }),
    );
    off.change(undefined, { level: 'OFF', rate: 5 });
    expect(off.read('m')).toEqual({ level: 'OFF', rate: 5, count: -1 });
    expect(off.sampler.enabled).toBe(false);
  });

  it('begin where the sampler says never, at the rate of Triton unless one is given', () => {
    const never = settings({ parentBased: false, ratio: 0 });
    never.change(undefined, { level: 'TIMESTAMPS' });
    expect([never.read(undefined).rate, traces(never, 'm', 0.0009), traces(never, 'm', 0.001)]).toEqual([1000, true, false]);
  });

  it('forget a model that is gone', () => {
    const some = settings();
    some.change('m', { level: 'OFF' });
    some.forget('n');
    expect(some.read('m').level).toBe('OFF');
    some.forget('m');
    expect([some.read('m'), some.sampler.settlesLater]).toEqual([ON, false]);
  });

  it('tell of each change', () => {
    const told: unknown[] = [];
    const some = new TraceSettings(ALWAYS, (model, values) => told.push([model, values]));
    some.change(undefined, { rate: 2 });
    some.change('m', { level: 'OFF' });
    expect(told).toEqual([
      [undefined, { ...ON, rate: 2 }],
      ['m', { level: 'OFF', rate: 2, count: -1 }],
    ]);
  });
});
