import { invalidRequest, ServingError } from '../../error/serving-error.js';
import type { Clock } from '../../model/clock.js';
import type { Execution } from '../../model/infer.js';
import type { ModelSource } from '../../model/source.js';
import type { ModelSignature, ModelSpec } from '../../model/spec.js';
import type { SlabTensor, Tensor } from '../../tensor/tensor.js';
import { abortReason, delay } from '../abort.js';
import type { Backend, Instance, OpenModel } from '../backend.js';
import { nextInstanceId } from '../instance-id.js';

/** It only waits, so one instance serves many streams. */
const SLOTS_PER_INSTANCE = 1024;
const WORD_BYTES = 4;

const SIGNATURE: ModelSignature = {
  inputs: [
    { name: 'IN', datatype: 'INT32', shape: [-1] },
    { name: 'DELAY', datatype: 'UINT32', shape: [-1] },
    { name: 'WAIT', datatype: 'UINT32', shape: [1] },
  ],
  outputs: [
    { name: 'OUT', datatype: 'INT32', shape: [1] },
    { name: 'IDX', datatype: 'UINT32', shape: [1] },
  ],
};

/**
 * The decoupled model for tests and demos, as Triton's repeat backend: one response for each element of IN, the i-th
 * DELAY[i] ms after the one before it, with OUT = IN[i] and IDX = i; none for an empty IN. WAIT never holds up a
 * response: it is how long after its begin a request occupies its slot at least.
 */
export class RepeatBackend implements Backend {
  readonly name = 'repeat';
  readonly #clock: Clock;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  open(source: ModelSource): Promise<OpenModel> {
    return new Promise((resolve) => resolve(openRepeat(source, this.#clock)));
  }
}

function openRepeat({ settings }: ModelSource, clock: Clock): OpenModel {
  if (!settings.decoupled) throw loadFailed('needs model_transaction_policy { decoupled: true } in config.pbtxt');
  if (settings.maxBatchSize !== 0) throw loadFailed(`does not batch: max_batch_size must be 0, got ${settings.maxBatchSize}`);
  return {
    signature: SIGNATURE,
    slotsPerInstance: SLOTS_PER_INSTANCE,
    createInstance: (spec) => Promise.resolve(new RepeatInstance(spec, clock)),
    [Symbol.asyncDispose]: () => Promise.resolve(),
  };
}

function loadFailed(what: string): ServingError {
  return new ServingError('load_failed', `backend repeat ${what}`);
}

class RepeatInstance implements Instance {
  readonly id: string;
  readonly broken = undefined;
  readonly depth = 1;
  readonly #clock: Clock;

  constructor(spec: ModelSpec, clock: Clock) {
    this.id = nextInstanceId(spec);
    this.#clock = clock;
  }

  execute(): Promise<Execution> {
    return Promise.reject(new ServingError('unsupported', 'backend repeat answers with any number of responses: it can only be streamed'));
  }

  /** Rejects with `invalid_request` when IN and DELAY differ in length, or with the signal's reason when it aborts. */
  async *stream(inputs: readonly SlabTensor[], signal: AbortSignal): AsyncGenerator<Execution> {
    const values = words(inputs, 'IN');
    const delays = words(inputs, 'DELAY');
    const wait = words(inputs, 'WAIT');
    if (values.byteLength !== delays.byteLength) throw differentLengths(values, delays);
    const begin = this.#clock.now();
    for (let offset = 0; offset < values.byteLength; offset += WORD_BYTES) {
      const start = this.#clock.now();
      await this.#wait(delays.getUint32(offset, true), signal);
      const outputs = [word('OUT', 'INT32', values.getInt32(offset, true)), word('IDX', 'UINT32', offset / WORD_BYTES)];
      yield { outputs, executeUs: (this.#clock.now() - start) * 1000 };
    }
    await this.#wait(wait.getUint32(0, true) - (this.#clock.now() - begin), signal);
  }

  close(): Promise<void> {
    return Promise.resolve();
  }

  /** No timer where there is nothing to wait for: a timer of 0 ms takes one. */
  async #wait(delayMs: number, signal: AbortSignal): Promise<void> {
    if (delayMs > 0) await delay(this.#clock, delayMs, signal);
    else if (signal.aborted) throw abortReason(signal);
  }
}

function words(inputs: readonly SlabTensor[], wanted: string): DataView {
  const input = inputs.find(({ name }) => name === wanted);
  if (input === undefined) throw new ServingError('internal', `input '${wanted}' was not given`);
  return new DataView(input.data.buffer, input.data.byteOffset, input.data.byteLength);
}

function word(name: string, datatype: 'INT32' | 'UINT32', value: number): Tensor {
  const data = Buffer.allocUnsafe(WORD_BYTES);
  // As bits: a negative INT32 is what it is in two's complement.
  data.writeUInt32LE(value >>> 0, 0);
  return { name, datatype, shape: [1], data };
}

function differentLengths(values: DataView, delays: DataView): ServingError {
  const [inCount, delayCount] = [values, delays].map(({ byteLength }) => byteLength / WORD_BYTES);
  return invalidRequest(`expected IN and DELAY shape to match, got [${inCount}] and [${delayCount}]`);
}
