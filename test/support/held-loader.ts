import { BatchScheduler, type ClosedBatch } from '../../src/batching/scheduler.js';
import { ServingError } from '../../src/error/serving-error.js';
import { formatVersionId } from '../../src/model/id.js';
import type { ModelSource } from '../../src/model/source.js';
import type { ModelSettings } from '../../src/model/spec.js';
import type { Loader } from '../../src/registry/loader.js';
import { type InputCheck, type Instances, Servable } from '../../src/serving/servable.js';
import { ModelStatistics } from '../../src/telemetry/model-statistics.js';
import { type Execute, FakeSlotSource, identity } from './fake-slot-source.js';
import { ManualClock } from './manual-clock.js';
import { modelSpec } from './model-source.js';

const ANSWER: Execute = (inputs) => Promise.resolve(identity(inputs));

/** Instances that nobody can stream from. */
export const NO_STREAMS: Instances = {
  acquire: () => Promise.reject(new RangeError('this model does not stream')),
  drain: () => Promise.resolve(),
  close: () => Promise.resolve(),
  [Symbol.asyncDispose]: () => Promise.resolve(),
};

export interface ServableParts {
  readonly settings?: Partial<ModelSettings>;
  readonly execute?: Execute;
  readonly instances?: Instances;
  readonly model?: InputCheck;
}

/** A servable that by default gives its inputs back; INT32 rows of one value unless the settings say otherwise. */
export function createServable(
  source: ModelSource,
  { settings, execute = ANSWER, instances = NO_STREAMS, model: check = {} }: ServableParts = {},
): Servable {
  const inputs = [{ name: 'INPUT0', datatype: 'INT32' as const, dims: [1] }];
  const { model, version } = source;
  const spec = { ...modelSpec({ maxBatchSize: 8, inputs, outputs: inputs, ...settings }), model, version };
  const clock = new ManualClock();
  const statistics = new ModelStatistics();
  const observer = {
    closed: (batch: ClosedBatch) => statistics.executed(batch, clock.now()),
    refused: () => undefined,
    split: () => undefined,
  };
  const scheduler = new BatchScheduler({
    limits: { ...spec.batching, maxBatchSize: spec.maxBatchSize },
    slots: new FakeSlotSource(1, execute),
    clock,
    observer,
  });
  return new Servable({ spec, scheduler, instances, observer, clock, statistics, model: check });
}

interface Load {
  readonly source: ModelSource;
  readonly resolve: (servable: Servable) => void;
  readonly reject: (error: unknown) => void;
}

/** Loads real servables when the test says so, or fails as soon as nobody wants them any more. */
export class HeldLoader implements Loader<Servable> {
  readonly #loads = new Map<string, Load>();

  load(source: ModelSource, signal: AbortSignal): Promise<Servable> {
    return new Promise((resolve, reject) => {
      signal.addEventListener('abort', () => reject(ServingError.from(signal.reason)), { once: true });
      this.#loads.set(formatVersionId(source), { source, resolve, reject });
    });
  }

  /** `name` is "model/version". */
  finish(name: string, parts: ServableParts = {}): void {
    const { source, resolve } = this.#take(name);
    resolve(createServable(source, parts));
  }

  fail(name: string, error: unknown): void {
    this.#take(name).reject(error);
  }

  #take(name: string): Load {
    const load = this.#loads.get(name);
    if (load === undefined) throw new RangeError(`no load of ${name} is under way`);
    this.#loads.delete(name);
    return load;
  }
}
