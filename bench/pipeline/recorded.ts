import type { Machine } from '../machine.js';
import type { Result } from './section.js';

/** One run, as it is written to a file and reported from there. */
export interface Recorded {
  readonly machine: Machine;
  readonly generator: 'go' | 'node';
  readonly seconds: number;
  /** ISO 8601. */
  readonly startedAt: string;
  readonly finishedAt: string;
  readonly results: readonly Result[];
}
