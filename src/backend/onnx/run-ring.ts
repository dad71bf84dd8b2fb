import { MessageChannel, type MessagePort, type Worker } from 'node:worker_threads';
import type { Execution } from '../../model/infer.js';
import type { ModelSignature, TensorSignature } from '../../model/spec.js';
import { copyGathered } from '../../tensor/rows.js';
import type { GatheredTensor } from '../../tensor/tensor.js';
import { type ToRing, type ToWorker, transferList } from './protocol.js';
import { COMMAND, type Command, RingControl, type Stage } from './ring-control.js';
import { frameAt, frameBytes, type Places, placesOf, RunFrame, roundUp } from './run-frame.js';

/** What an idle instance keeps for each run of its depth: twenty rows of 784 floats. */
const FIRST_FRAME_BYTES = 64 * 1024;
/** Frames double until they hold the largest batch or this; what is larger is handed over as memory of its own. */
const MAX_FRAME_BYTES = 16 * 1024 * 1024;

/** The main thread's side of the ring. Slots are used in turn, and the caller sends no run while `depth` others are under way. */
export class RunRing {
  readonly depth: number;
  readonly #control: RingControl;
  readonly #port: MessagePort;
  readonly #frames: RunFrame[] = [];
  readonly #inputs: Places;
  readonly #outputs: readonly TensorSignature[];
  #turn = 0;

  /** `worker` has answered `loaded` with `signature`. */
  constructor(worker: Worker, signature: ModelSignature, depth: number) {
    this.depth = depth;
    this.#inputs = placesOf(signature.inputs);
    this.#outputs = signature.outputs;
    const control = RingControl.allocate(depth);
    this.#control = new RingControl(control);
    const frames = Array.from({ length: depth }, () => new SharedArrayBuffer(FIRST_FRAME_BYTES));
    for (const memory of frames) this.#frames.push(new RunFrame(memory));
    const { port1, port2 } = new MessageChannel();
    this.#port = port1;
    const serve: ToWorker = { kind: 'serve', ring: { control, frames }, port: port2 };
    worker.postMessage(serve, [port2]);
  }

  /** Gives the run's slot. Throws, and nothing is sent, where a tensor's parts are not as long as it says. */
  send(inputs: readonly GatheredTensor[]): number {
    const slot = this.#turn % this.depth;
    const bytes = frameBytes(inputs, this.#inputs);
    if (bytes === undefined || bytes > MAX_FRAME_BYTES) this.#sendPosted(slot, inputs);
    else this.#sendFramed(slot, inputs, bytes);
    return slot;
  }

  #sendFramed(slot: number, inputs: readonly GatheredTensor[], bytes: number): void {
    const frame = frameAt(this.#frames, slot);
    if (frame.byteLength >= bytes) {
      frame.write(inputs, this.#inputs);
      this.#issue(slot, COMMAND.framed);
      return;
    }
    const memory = new SharedArrayBuffer(roundUp(bytes));
    const grown = new RunFrame(memory);
    grown.write(inputs, this.#inputs);
    this.#post({ kind: 'frame', memory });
    this.#frames[slot] = grown;
    this.#issue(slot, COMMAND.grown);
  }

  #sendPosted(slot: number, inputs: readonly GatheredTensor[]): void {
    const slabs = inputs.map(copyGathered);
    this.#post({ kind: 'run', inputs: slabs }, transferList(slabs));
    this.#issue(slot, COMMAND.posted);
  }

  #post(message: ToRing, transfer: ArrayBuffer[] = []): void {
    this.#port.postMessage(message, transfer);
  }

  #issue(slot: number, command: Command): void {
    this.#turn += 1;
    this.#control.issue(this.#turn, slot, command);
  }

  stage(slot: number): Stage {
    return this.#control.stage(slot);
  }

  /** Prevents a run unless the worker has begun it. */
  cancel(slot: number): boolean {
    return this.#control.cancel(slot);
  }

  /** Counts the runs that ended in their frames. */
  get ended(): number {
    return this.#control.ended;
  }

  /** Resolves when more than `seen` have ended, or at `release`; undefined where they have already. */
  nextEnd(seen: number): Promise<string> | undefined {
    return this.#control.nextEnd(seen);
  }

  /** Ends the wait for a run's end. */
  release(): void {
    this.#control.release();
  }

  /** What a run that `ran` left in its frame, in memory of its own. */
  result(slot: number): Execution {
    const { tensors: outputs, executeUs } = frameAt(this.#frames, slot).read(this.#outputs, newMemory);
    return { outputs, executeUs };
  }

  /** The worker leaves when it is through with the runs before. */
  close(): void {
    this.#issue(this.#turn % this.depth, COMMAND.close);
    this.#port.close();
  }
}

function newMemory(_place: number, byteLength: number): Uint8Array<ArrayBuffer> {
  return new Uint8Array(byteLength);
}
