import { setImmediate as nextTurn } from 'node:timers/promises';
import { abortReason } from '../backend/abort.js';
import type { Instance, InstanceSource } from '../backend/backend.js';
import { requestLength } from '../batching/compatibility.js';
import { createPadding } from '../batching/padding.js';
import { quote } from '../error/quote.js';
import { ServingError } from '../error/serving-error.js';
import type { ModelSpec } from '../model/spec.js';
import { copyTensor, gatherRows, gatherWhole } from '../tensor/rows.js';
import type { GatheredTensor } from '../tensor/tensor.js';
import type { WarmUp } from './warm-up.js';

/**
 * The same model, whose instances have done the warm-ups before anybody gets them, those that replace broken ones included. The runs go past the batch
 * accumulator, so that no statistics count them. An instance that fails one is closed, and its creation rejects with `load_failed` that names the warm-up.
 */
export function warmedModel(model: InstanceSource, warmUps: readonly WarmUp[]): InstanceSource {
  if (warmUps.length === 0) return model;
  return {
    slotsPerInstance: model.slotsPerInstance,
    createInstance: async (spec, signal) => {
      const instance = await model.createInstance(spec, signal);
      try {
        for (const warmUp of warmUps) await runAll(instance, spec, warmUp, signal);
        return instance;
      } catch (error) {
        await instance.close().catch(() => undefined);
        throw error;
      }
    },
  };
}

/** One run after the other, each in a turn of the event loop of its own: timers and calls get in between however many there are. */
async function runAll(instance: Instance, spec: ModelSpec, warmUp: WarmUp, signal: AbortSignal): Promise<void> {
  for (let run = 0; run < warmUp.count; run++) {
    await nextTurn();
    try {
      await runOnce(instance, spec, warmUp, signal);
    } catch (error) {
      if (!signal.aborted) throw failed(ServingError.from(error), spec, warmUp);
    }
    if (signal.aborted) throw abortReason(signal);
  }
}

async function runOnce(instance: Instance, spec: ModelSpec, warmUp: WarmUp, signal: AbortSignal): Promise<void> {
  if (spec.decoupled) await exhaust(instance.stream(warmUp.inputs.map(copyTensor), signal));
  else await instance.execute(batchOf(warmUp, spec), signal);
}

async function exhaust(responses: AsyncIterable<unknown>): Promise<void> {
  const iterator = responses[Symbol.asyncIterator]();
  while ((await iterator.next()).done !== true);
}

/** As the batch accumulator would join so many requests of one row: a mask that the warm-up leaves out is made. */
function batchOf({ inputs, rows }: WarmUp, spec: ModelSpec): GatheredTensor[] {
  if (spec.maxBatchSize === 0) return inputs.map(gatherWhole);
  const length = requestLength(spec)(inputs);
  const entries = Array.from({ length: rows }, () => ({ inputs, rows: 1, length }));
  const padding = createPadding(spec);
  return padding === undefined ? inputs.map((input) => gatherRows(entries.map(() => input))) : padding.gather(entries, length);
}

function failed(error: ServingError, { model }: ModelSpec, { name }: WarmUp): ServingError {
  return new ServingError('load_failed', `model ${quote(model)}: warm-up ${quote(name)} failed: ${error.message}`, undefined, error);
}
