import { CPU, type Figure, P50, P99, RATE } from '../figures.js';
import type { BenchModelName } from '../models/bench-models.js';
import type { PeerName } from '../peer-programs.js';
import type { Limit, Target } from '../target.js';
import type { Round } from './stage.js';

/** Millrace with batches and with batches of one row, and its peers. */
export type DuelistName = 'batching' | 'single' | PeerName;

/** Servers of one model under one closed loop, with the goals that count there. */
export interface Duel {
  readonly name: string;
  readonly goals: readonly string[];
  readonly model: BenchModelName;
  readonly callers: number;
  readonly duelists: readonly DuelistName[];
  readonly targets: readonly Target<Round>[];
}

function goal(name: string, figure: Figure, ours: DuelistName, against: DuelistName, limit: Limit): Target<Round> {
  return { goal: name, ...figure, figure: ours === 'batching' ? figure.figure : `${figure.figure}, ${ours}`, ours, against, limit };
}

/** Under one caller batching must cost nothing. */
const LONE_CALLER: readonly Target<Round>[] = [
  goal('P3', P50, 'batching', 'single', { atMost: 1.05 }),
  goal('P3', P99, 'batching', 'single', { atMost: 1.15 }),
];

/** What batching is compared with must itself be no straw man. */
const FAIR_SINGLE = goal('P2', RATE, 'single', 'grpc-js + ORT', { atLeast: 0.95 });

export const DUELS: readonly Duel[] = [
  {
    name: 'small MLP, 1 caller',
    goals: ['P3', 'P3b'],
    model: 'mlp_small',
    callers: 1,
    duelists: ['batching', 'single', 'grpc-js + ORT', 'Go + ORT'],
    targets: [...LONE_CALLER, goal('P3b', P50, 'batching', 'grpc-js + ORT', { atMost: 1.2 })],
  },
  {
    name: 'small MLP, 64 callers',
    goals: ['P3b', 'P13'],
    model: 'mlp_small',
    callers: 64,
    duelists: ['batching', 'grpc-js + ORT', 'Go + ORT', 'Python'],
    targets: [
      goal('P3b', RATE, 'batching', 'grpc-js + ORT', { atLeast: 2.5 }),
      goal('P3b', CPU, 'batching', 'grpc-js + ORT', { atMost: 0.4 }),
      goal('P13', RATE, 'batching', 'Go + ORT', { atLeast: 1.3 }),
      goal('P13', RATE, 'batching', 'Python', { atLeast: 8 }),
      goal('P13', CPU, 'batching', 'Python', { atMost: 0.1 }),
    ],
  },
  {
    name: 'medium MLP, 1 caller',
    goals: ['P3'],
    model: 'mlp_medium',
    callers: 1,
    duelists: ['batching', 'single'],
    targets: LONE_CALLER,
  },
  {
    name: 'medium MLP, 64 callers',
    goals: ['P2'],
    model: 'mlp_medium',
    callers: 64,
    duelists: ['batching', 'single', 'grpc-js + ORT'],
    targets: [goal('P2', RATE, 'batching', 'single', { atLeast: 2.5 }), FAIR_SINGLE],
  },
  {
    name: 'MLP of 100 MB, 32 callers',
    goals: ['P2', 'P13'],
    model: 'mlp_big',
    callers: 32,
    duelists: ['batching', 'single', 'grpc-js + ORT', 'Go + ORT'],
    targets: [
      goal('P2', RATE, 'batching', 'single', { atLeast: 4 }),
      FAIR_SINGLE,
      goal('P13', RATE, 'batching', 'grpc-js + ORT', { atLeast: 4 }),
      goal('P13', RATE, 'batching', 'Go + ORT', { atLeast: 2.7 }),
    ],
  },
  {
    name: 'convolutions, requests of 150 KB, 8 callers',
    goals: ['P2', 'P3c', 'P13'],
    model: 'conv',
    callers: 8,
    duelists: ['batching', 'single', 'grpc-js + ORT', 'Go + ORT', 'grpc-js echo'],
    targets: [
      goal('P2', RATE, 'batching', 'single', { atLeast: 0.97 }),
      goal('P2', P99, 'batching', 'single', { atMost: 1.2 }),
      FAIR_SINGLE,
      goal('P3c', RATE, 'batching', 'grpc-js echo', { atLeast: 1.6 }),
      goal('P13', RATE, 'batching', 'Go + ORT', { atLeast: 1.2 }),
      goal('P13', RATE, 'batching', 'grpc-js + ORT', { atLeast: 2.5 }),
    ],
  },
];
