import { ECHO_PATHS } from './echo-methods.js';
import { CPU, type Figure, MESSAGES, P50, RATE } from './figures.js';
import type { Load, Round } from './load-program.js';
import type { Limit, Target } from './target.js';

/** A load, and the figures that count under it. */
export interface Scenario {
  readonly name: string;
  readonly load: Load;
  readonly targets: readonly Target<Round>[];
}

const against = (name: 'grpc-js' | 'grpc-go', figure: Figure, limit?: Limit): Target<Round> => ({
  ...figure,
  against: name,
  ...(limit !== undefined && { limit }),
});

/** The first is the one that needs no Go: its load can come from Node.js. */
export const SMALL_CALLS: Scenario = {
  name: 'unary echo of 3 KB, 64 callers on 8 connections',
  load: { path: ECHO_PATHS.echo, size: 3072, callers: 64, connections: 8 },
  targets: [
    against('grpc-js', CPU, { atMost: 0.35 }),
    against('grpc-go', CPU, { atMost: 1 }),
    against('grpc-js', RATE),
    against('grpc-go', RATE),
  ],
};

export const SCENARIOS: readonly Scenario[] = [
  SMALL_CALLS,
  {
    name: 'unary echo of 3 KB, 1 caller',
    load: { path: ECHO_PATHS.echo, size: 3072, callers: 1, connections: 1 },
    targets: [against('grpc-js', P50, { atMost: 0.8 }), against('grpc-go', P50)],
  },
  {
    name: 'unary requests of 150 KB, short answers, 16 callers on 8 connections',
    load: { path: ECHO_PATHS.length, size: 150 * 1024, answer: 4, callers: 16, connections: 8 },
    targets: [against('grpc-js', RATE, { atLeast: 1.5 }), against('grpc-go', RATE)],
  },
  {
    name: 'unary echo of 150 KB, 16 callers on 8 connections',
    load: { path: ECHO_PATHS.echo, size: 150 * 1024, callers: 16, connections: 8 },
    targets: [against('grpc-js', RATE, { atLeast: 1.5 }), against('grpc-go', RATE)],
  },
  {
    name: 'server streams of 1,000 messages of 100 bytes, 16 callers on 4 connections',
    load: { path: ECHO_PATHS.repeat, size: 100, messages: 1000, callers: 16, connections: 4 },
    targets: [against('grpc-js', MESSAGES, { atLeast: 3 }), against('grpc-go', MESSAGES)],
  },
];

/** As many connections, each of which has served one call. */
export const IDLE_LOAD: Load = { path: ECHO_PATHS.echo, size: 3072, callers: 1, connections: 1000 };

export const IDLE_TARGETS: readonly Target<number>[] = [
  { figure: 'memory growth', unit: 'MB', of: (bytes) => bytes / 1e6, against: 'grpc-js', limit: { atMost: 0.5 } },
  { figure: 'memory growth', unit: 'MB', of: (bytes) => bytes / 1e6, against: 'grpc-go' },
];
