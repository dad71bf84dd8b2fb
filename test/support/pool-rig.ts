import type { PoolEvent } from '../../src/backend/instance-set.js';
import { InstancePool, type PoolOptions } from '../../src/backend/pool.js';
import { DEFAULT_RESTART_POLICY } from '../../src/backend/restart.js';
import { turns } from './event-loop.js';
import { FakeOpenModel } from './fake-open-model.js';
import { ManualClock } from './manual-clock.js';
import { modelSpec } from './model-source.js';

export interface PoolRigOptions extends Partial<PoolOptions> {
  readonly slotsPerInstance?: number;
  readonly instanceCount?: number;
}

/** A pool of fake instances on a clock that the test moves. */
export class PoolRig implements AsyncDisposable {
  readonly model: FakeOpenModel;
  readonly clock = new ManualClock();
  readonly events: PoolEvent[] = [];
  /** One entry for each lease: whether its slot was lent before. */
  readonly leased: boolean[] = [];
  readonly #options: PoolOptions;
  #pool: InstancePool | undefined;

  constructor({ slotsPerInstance = 1, instanceCount = 1, ...given }: PoolRigOptions = {}) {
    this.model = new FakeOpenModel(slotsPerInstance);
    this.#options = {
      model: this.model,
      spec: modelSpec({ instanceCount }),
      maxWaiters: 100,
      createTimeoutMs: 60_000,
      restart: DEFAULT_RESTART_POLICY,
      clock: this.clock,
      random: () => 0.5,
      metrics: { leased: (reused) => this.leased.push(reused) },
      onEvent: (event) => this.events.push(event),
      ...given,
    };
  }

  static async open(options: PoolRigOptions = {}): Promise<PoolRig> {
    const rig = new PoolRig(options);
    await rig.open();
    return rig;
  }

  async open(signal: AbortSignal = new AbortController().signal): Promise<void> {
    this.#pool = await InstancePool.open(this.#options, signal);
  }

  get pool(): InstancePool {
    if (this.#pool === undefined) throw new Error('the pool was not opened');
    return this.#pool;
  }

  /** Moves time on in small steps, letting promises react in between. */
  async pass(ms: number, stepMs = 10): Promise<void> {
    for (let passed = 0; passed < ms; passed += stepMs) {
      this.clock.advance(stepMs);
      await turns(1);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#pool?.close();
  }
}

/** A signal that nothing aborts. */
export function never(): AbortSignal {
  return new AbortController().signal;
}
