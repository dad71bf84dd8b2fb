import type { Target } from './target.js';

/** What every round of calls shows, whatever made them. */
export interface Figures {
  /** CPU that the server used for a call. */
  readonly cpuMicros: number;
  readonly perSecond: number;
  readonly messagesPerSecond: number;
  readonly p50Micros: number;
  readonly p99Micros: number;
}

export type Figure = Pick<Target<Figures>, 'figure' | 'unit' | 'of'>;

export const CPU: Figure = { figure: 'CPU per call', unit: 'µs', of: ({ cpuMicros }) => cpuMicros };
export const RATE: Figure = { figure: 'calls per second', unit: 'rps', of: ({ perSecond }) => perSecond };
export const P50: Figure = { figure: 'p50', unit: 'µs', of: ({ p50Micros }) => p50Micros };
export const P99: Figure = { figure: 'p99', unit: 'µs', of: ({ p99Micros }) => p99Micros };
export const MESSAGES: Figure = { figure: 'messages per second', unit: '/s', of: ({ messagesPerSecond }) => messagesPerSecond };
