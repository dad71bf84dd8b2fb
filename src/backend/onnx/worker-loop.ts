import type { MessagePort } from 'node:worker_threads';
import { ServingError } from '../../error/serving-error.js';
import type { ModelSignature, RuntimeSettings } from '../../model/spec.js';
import type { SlabTensor } from '../../tensor/tensor.js';
import { type FromWorker, type RunFailed, type RunResult, type ToWorker, transferList } from './protocol.js';
import { STAGE } from './ring-control.js';
import { RingReader } from './ring-reader.js';

/** What a worker serves. */
export interface WorkerModel {
  /** Rejects with an Error that has the reason. */
  load(path: string, runtime: RuntimeSettings): Promise<ModelSignature>;
  /** The inputs' memory is good until it settles, and is not handed over. */
  run(inputs: readonly SlabTensor[]): Promise<RunResult>;
  release(): Promise<void>;
}

/** A worker's whole life: it loads by message, then serves runs by the ring. Whatever fails becomes a message; nothing is thrown out of the thread. */
export function serve(port: MessagePort, model: WorkerModel): void {
  let signature: ModelSignature | undefined;
  const answer = async (message: ToWorker): Promise<void> => {
    switch (message.kind) {
      case 'load':
        signature = await load(port, model, message.path, message.runtime);
        return;
      case 'serve':
        if (signature !== undefined) await serveRuns(port, model, new RingReader(message.ring, message.port, signature));
        return leave(port, model);
      case 'close':
        return leave(port, model);
    }
  };
  let last = Promise.resolve();
  port.on('message', (message: ToWorker) => {
    last = last.then(() => answer(message)).catch(() => port.close());
  });
}

async function leave(port: MessagePort, model: WorkerModel): Promise<void> {
  await model.release();
  port.close();
}

async function load(port: MessagePort, model: WorkerModel, path: string, runtime: RuntimeSettings): Promise<ModelSignature | undefined> {
  try {
    const signature = await model.load(path, runtime);
    post(port, { kind: 'loaded', signature });
    return signature;
  } catch (error) {
    post(port, { kind: 'load_failed', reason: textOf(error) });
    return undefined;
  }
}

async function serveRuns(port: MessagePort, model: WorkerModel, ring: RingReader): Promise<void> {
  for (let turn = ring.next(); turn.kind !== 'close'; turn = ring.next()) {
    if (turn.kind === 'run') await run(port, model, ring, turn.slot, turn.inputs);
    else ring.end(turn.slot, STAGE.skipped);
  }
}

async function run(port: MessagePort, model: WorkerModel, ring: RingReader, slot: number, inputs: readonly SlabTensor[]): Promise<void> {
  try {
    const result = await model.run(inputs);
    if (ring.leave(slot, result)) {
      ring.end(slot, STAGE.ran);
      return;
    }
    ring.answer(slot);
    post(port, { kind: 'ran', ...result }, transferList(result.outputs));
  } catch (error) {
    ring.answer(slot);
    post(port, runProblem(error));
  }
}

function post(port: MessagePort, message: FromWorker, transfer: ArrayBuffer[] = []): void {
  port.postMessage(message, transfer);
}

function runProblem(error: unknown): RunFailed {
  if (error instanceof ServingError && error.code === 'invalid_request') {
    return { kind: 'run_failed', code: 'invalid_request', message: error.message };
  }
  return { kind: 'run_failed', code: 'backend_failed', runtimeText: textOf(error) };
}

function textOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
