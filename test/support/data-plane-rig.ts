import { NEWEST } from '../../src/model/id.js';
import type { InferRequest } from '../../src/model/infer.js';
import { Registry } from '../../src/registry/registry.js';
import { Admission, type ShedCause } from '../../src/serving/admission.js';
import { DataPlane } from '../../src/serving/data-plane.js';
import type { Servable } from '../../src/serving/servable.js';
import { turns } from './event-loop.js';
import { aspiredModel } from './fake-servables.js';
import { HeldLoader, type ServableParts } from './held-loader.js';
import { ManualClock } from './manual-clock.js';
import { int32Rows } from './row-tensors.js';

const MAX_QUEUED_BYTES = 1000;
/** Longer than the registry waits for a handle that was lost. */
const LOST_HANDLE_MS = 10_000;

/** A data plane with one ready model, `m` version 1. */
export class DataPlaneRig implements AsyncDisposable {
  readonly clock = new ManualClock();
  readonly shed: ShedCause[] = [];
  readonly admission: Admission;
  readonly registry: Registry<Servable>;
  readonly plane: DataPlane;
  readonly #loader = new HeldLoader();

  private constructor(maxQueuedBytes: number) {
    this.admission = new Admission({ maxInflight: 100, maxQueuedBytes }, this.clock, (cause) => this.shed.push(cause));
    this.registry = new Registry({ loader: this.#loader, clock: this.clock, loadParallelism: 1 });
    this.plane = new DataPlane(this.registry, this.admission);
  }

  static async open(parts: ServableParts = {}, maxQueuedBytes = MAX_QUEUED_BYTES): Promise<DataPlaneRig> {
    const rig = new DataPlaneRig(maxQueuedBytes);
    rig.registry.aspire([aspiredModel('m', '1')]);
    await turns();
    rig.#loader.finish('m/1', parts);
    await turns();
    return rig;
  }

  /** Unloads the model and tells what is still held of it; `nothing` once every handle and every byte has been given back. */
  async held(): Promise<string> {
    this.registry.aspire([]);
    await turns();
    const states = this.registry.status().flatMap(({ versions }) => versions.map(({ state }) => state));
    const bytes = this.admission.queuedBytes;
    return states.length === 0 && bytes === 0 ? 'nothing' : `${bytes} bytes, ${states.join()}`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const closed = this.registry.close();
    await turns();
    this.clock.advance(LOST_HANDLE_MS);
    await closed;
  }
}

/** A request of INT32 rows for `m`. */
export function rowsRequest(values: readonly number[], given: Partial<InferRequest> = {}): InferRequest {
  return { model: 'm', version: NEWEST, requestId: '', inputs: [int32Rows(values)], outputNames: [], priority: 0, ...given };
}
