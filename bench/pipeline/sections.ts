import { FILLING, PADDING } from './batches.js';
import { duelSection } from './duel-section.js';
import { DUELS } from './duels.js';
import { FAIRNESS } from './fairness.js';
import { OVERHEAD } from './overhead.js';
import { POISSON } from './poisson.js';
import type { Section } from './section.js';
import { STREAMS } from './streams.js';

/** In the order in which they are run. */
export const SECTIONS: readonly Section[] = [OVERHEAD, ...DUELS.map(duelSection), POISSON, STREAMS, FILLING, PADDING, FAIRNESS];
