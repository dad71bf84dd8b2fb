import { RATE } from '../figures.js';
import type { Search } from '../pipeline/poisson.js';
import type { Recorded } from '../pipeline/recorded.js';
import type { Round } from '../pipeline/stage.js';
import { median } from '../statistics.js';
import { type BarGroup, barChart } from './bar-chart.js';
import { type Series, scatterChart } from './scatter-chart.js';

export interface Plot {
  readonly name: string;
  readonly title: string;
  readonly svg: string;
}

/** The loads under which peers are compared, with the callers of each, as the plots name them. */
const DUELS = [
  { scenario: 'small MLP, 64 callers', label: 'small MLP' },
  { scenario: 'medium MLP, 64 callers', label: 'medium MLP' },
  { scenario: 'MLP of 100 MB, 32 callers', label: 'MLP of 100 MB' },
  { scenario: 'convolutions, requests of 150 KB, 8 callers', label: 'convolutions' },
] as const;

const LABELS: Readonly<Record<string, string>> = { batching: 'Millrace', single: 'Millrace, one row at a time' };

/** Those for which the run has the figures. */
export function plotsOf(recorded: Recorded): readonly Plot[] {
  const perSecond = groups(recorded, ({ perSecond }) => perSecond);
  const cpu = groups(recorded, ({ cpuMicros }) => cpuMicros);
  const gains = gainsOf(recorded);
  const waits = latencySeries(recorded);
  return [
    ...(perSecond.length > 0 ? [bars('requests-per-second', 'Requests a second, same ONNX model, same load', perSecond)] : []),
    ...(cpu.length > 0 ? [bars('cpu-per-request', 'Server CPU of a request, µs', cpu)] : []),
    ...(gains.length > 0 ? [bars('batching-gain', 'Requests a second with batches, in multiples of one row at a time', gains)] : []),
    ...(waits.length > 0 ? [latency(waits)] : []),
  ];
}

function bars(name: string, title: string, of: readonly BarGroup[]): Plot {
  return { name, title, svg: barChart(title, of) };
}

function latency(series: readonly Series[]): Plot {
  const title = 'p99 by the rate of Poisson arrivals';
  const svg = scatterChart(title, { x: 'rate, % of the peak of a closed loop', y: 'p99, ms', goal: { y: 50, x: 80 } }, series);
  return { name: 'latency-by-rate', title, svg };
}

function groups({ results }: Recorded, of: (round: Round) => number): readonly BarGroup[] {
  return DUELS.flatMap(({ scenario, label }) => {
    const found = results.find((result) => result.scenario === scenario);
    if (found === undefined) return [];
    const rounds = Object.entries(found.rounds as Readonly<Record<string, readonly Round[]>>);
    return [{ label, bars: rounds.map(([name, measured]) => ({ label: LABELS[name] ?? name, value: median(measured.map(of)) })) }];
  });
}

function gainsOf({ results }: Recorded): readonly BarGroup[] {
  const gains = results.flatMap(({ scenario, outcomes }) => {
    const { label } = DUELS.find((duel) => duel.scenario === scenario) ?? {};
    const gain = outcomes.find(({ subject, against, unit }) => subject === 'batching' && against === 'single' && unit === RATE.unit);
    return label === undefined || gain === undefined ? [] : [{ label, value: gain.ratio }];
  });
  return gains.length === 0 ? [] : [{ label: 'gain', bars: gains }];
}

/** Every rate at which all was answered, as a point. */
function latencySeries({ results }: Recorded): readonly Series[] {
  return results.flatMap(({ scenario, rounds }) => {
    const model = /^(\S+), highest Poisson rate/.exec(scenario)?.[1];
    if (model === undefined) return [];
    const searches = Object.values(rounds as Readonly<Record<string, readonly Search[]>>).flat();
    const points = searches.flatMap(({ peak, probes }) =>
      probes.filter(({ failed }) => failed === 0).map(({ rate, p99Micros }) => ({ x: (rate / peak) * 100, y: p99Micros / 1000 })),
    );
    return [{ label: model, points }];
  });
}
