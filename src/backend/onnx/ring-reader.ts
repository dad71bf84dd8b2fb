import { type MessagePort, receiveMessageOnPort } from 'node:worker_threads';
import type { ModelSignature } from '../../model/spec.js';
import { gatherWhole } from '../../tensor/rows.js';
import type { GatheredTensor, SlabTensor } from '../../tensor/tensor.js';
import type { Ring, RunResult, ToRing } from './protocol.js';
import { COMMAND, RingControl, type STAGE } from './ring-control.js';
import { frameAt, frameBytes, type Places, placesOf, RunFrame, roundUp } from './run-frame.js';

/** Outputs up to this are copied twice, as that is cheaper than to hand their memory over. */
const MAX_FRAMED_OUTPUT_BYTES = 64 * 1024;

export type Turn =
  | { readonly kind: 'run'; readonly slot: number; readonly inputs: readonly SlabTensor[] }
  | { readonly kind: 'skip'; readonly slot: number }
  | { readonly kind: 'close' };

/** A worker's side of the ring: takes what the main thread sends in the order in which it was sent. */
export class RingReader {
  readonly #control: RingControl;
  readonly #port: MessagePort;
  readonly #signature: ModelSignature;
  readonly #frames: RunFrame[];
  readonly #outputs: Places;
  /** A memory for each input, used again and again: ONNX Runtime takes no tensor over memory that is shared. */
  readonly #memories: Uint8Array<ArrayBuffer>[] = [];
  #turn = 0;

  constructor({ control, frames }: Ring, port: MessagePort, signature: ModelSignature) {
    this.#control = new RingControl(control);
    this.#port = port;
    this.#signature = signature;
    this.#frames = frames.map((memory) => new RunFrame(memory));
    this.#outputs = placesOf(signature.outputs);
  }

  /** Blocks the thread until there is something to do. The inputs are good until the next turn. */
  next(): Turn {
    const slot = this.#turn % this.#frames.length;
    this.#turn += 1;
    this.#control.awaitTurn(this.#turn);
    const command = this.#control.command(slot);
    if (command === COMMAND.close) return { kind: 'close' };
    const posted = command === COMMAND.framed ? undefined : this.#receive(slot);
    if (!this.#control.begin(slot)) return { kind: 'skip', slot };
    return { kind: 'run', slot, inputs: posted ?? this.#readFrame(slot) };
  }

  /** The inputs that came by the port; undefined where a new frame came, which holds them. */
  #receive(slot: number): readonly SlabTensor[] | undefined {
    const received = receiveMessageOnPort(this.#port);
    if (received === undefined) throw new Error('the port is empty where it should hold a message');
    const message = received.message as ToRing;
    if (message.kind === 'run') return message.inputs;
    this.#frames[slot] = new RunFrame(message.memory);
    return undefined;
  }

  #readFrame(slot: number): readonly SlabTensor[] {
    const memoryOf = (place: number, byteLength: number) => this.#memoryOf(place, byteLength);
    return frameAt(this.#frames, slot).read(this.#signature.inputs, memoryOf).tensors;
  }

  #memoryOf(place: number, byteLength: number): Uint8Array<ArrayBuffer> {
    let memory = this.#memories[place];
    if (memory === undefined || memory.length < byteLength) {
      memory = new Uint8Array(roundUp(byteLength));
      this.#memories[place] = memory;
    }
    return memory.subarray(0, byteLength);
  }

  /** Leaves the result in the run's frame. False where it is to go by message. */
  leave(slot: number, { outputs, executeUs }: RunResult): boolean {
    const gathered: GatheredTensor[] = outputs.map(gatherWhole);
    const bytes = frameBytes(gathered, this.#outputs);
    const frame = frameAt(this.#frames, slot);
    if (bytes === undefined || bytes > Math.min(frame.byteLength, MAX_FRAMED_OUTPUT_BYTES)) return false;
    frame.write(gathered, this.#outputs, executeUs);
    return true;
  }

  /** Ends a turn whose result is in its frame, or that had none to give. */
  end(slot: number, stage: typeof STAGE.ran | typeof STAGE.skipped): void {
    this.#control.end(slot, stage);
  }

  /** Ends a turn whose result follows by message. */
  answer(slot: number): void {
    this.#control.answer(slot);
  }
}
