import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as pause } from 'node:timers/promises';
import { median } from './statistics.js';

/** What bench/stress-server serves. */
export const STRESS_PATHS = {
  /** Unary: the request's own bytes. */
  echo: '/bench.Stress/Echo',
  /** Unary: 64 KiB. */
  large: '/bench.Stress/Large',
  /** Server-streaming: as many answers of 64 KiB as are taken. */
  endless: '/bench.Stress/Endless',
} as const;

/** What the server holds. */
export interface Books {
  readonly rss: number;
  readonly heapUsed: number;
  readonly arrayBuffers: number;
  readonly connections: number;
  readonly calls: number;
  readonly deadlines: number;
  readonly internalErrors: number;
  /** For which its event loop stood still since it was asked to `begin`; milliseconds. */
  readonly longestStall: number;
}

/** `collect` collects garbage first, `begin` counts stalls anew. */
export type BooksQuestion = 'look' | 'collect' | 'begin';

const SETTLE_SAMPLES = 7;
const SETTLE_PAUSE_MS = 120;

/** The server under attack, in a process of its own. Disposing ends it. */
export class StressTarget implements AsyncDisposable {
  readonly address: string;
  readonly #child: ChildProcess;

  static async start(): Promise<StressTarget> {
    const script = new URL('./stress-server.js', import.meta.url).pathname;
    const child = spawn(process.execPath, ['--expose-gc', script], { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
    const [{ address }] = (await once(child, 'message')) as [{ readonly address: string }];
    return new StressTarget(child, address);
  }

  private constructor(child: ChildProcess, address: string) {
    this.#child = child;
    this.address = address;
  }

  async books(question: BooksQuestion = 'look'): Promise<Books> {
    this.#child.send(question);
    const [{ books }] = (await once(this.#child, 'message')) as [{ readonly books: Books }];
    return books;
  }

  /** What it holds once the collector has been over it, several times; memory by the median. */
  async settled(): Promise<Books> {
    const samples: Books[] = [];
    for (let at = 0; at < SETTLE_SAMPLES; at++) {
      samples.push(await this.books('collect'));
      await pause(SETTLE_PAUSE_MS);
    }
    const last = await this.books();
    return { ...last, rss: median(samples.slice(2).map(({ rss }) => rss)) };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const ended = once(this.#child, 'exit');
    this.#child.disconnect();
    this.#child.kill();
    await ended;
  }
}
