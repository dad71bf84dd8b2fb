import { type MessagePort, parentPort } from 'node:worker_threads';
import ort from 'onnxruntime-node';
import { ServingError } from '../../error/serving-error.js';
import type { ModelSignature, RuntimeSettings, TensorSignature } from '../../model/spec.js';
import type { SlabTensor } from '../../tensor/tensor.js';
import { type FromWorker, type RunFailed, type ToWorker, transferList } from './protocol.js';
import { datatypeOf, numericView, refusedTypeName } from './runtime-type.js';
import { sessionOptions } from './session-options.js';
import { decodeText, encodeText } from './text.js';

/**
 * The thread of one instance. It owns a session and answers messages one after the other. Whatever fails becomes a
 * message; nothing is thrown out of the thread.
 */

const UNKNOWN_TYPE = /^Unsupported data type: (\d+)$/;

if (parentPort !== null) serve(parentPort);

function serve(port: MessagePort): void {
  ort.env.logLevel = 'fatal';
  let session: ort.InferenceSession | undefined;
  const answer = async (message: ToWorker): Promise<void> => {
    switch (message.kind) {
      case 'load':
        session = await load(port, message.path, message.runtime);
        return;
      case 'run':
        await run(port, session, message.inputs);
        return;
      case 'close':
        await session?.release();
        port.close();
    }
  };
  let last = Promise.resolve();
  port.on('message', (message: ToWorker) => {
    last = last.then(() => answer(message)).catch(() => port.close());
  });
  // A run whose buffer was given away before arrives as this, and its sender is told nothing.
  port.on('messageerror', (error) => post(port, runProblem(error)));
}

function post(port: MessagePort, message: FromWorker, transfer: ArrayBuffer[] = []): void {
  port.postMessage(message, transfer);
}

async function load(port: MessagePort, path: string, runtime: RuntimeSettings): Promise<ort.InferenceSession | undefined> {
  try {
    const session = await ort.InferenceSession.create(path, sessionOptions(runtime));
    post(port, { kind: 'loaded', signature: readSignature(session) });
    return session;
  } catch (error) {
    post(port, { kind: 'load_failed', reason: loadProblem(textOf(error)) });
    return undefined;
  }
}

function loadProblem(runtimeText: string): string {
  const [, number] = UNKNOWN_TYPE.exec(runtimeText) ?? [];
  if (number === undefined) return runtimeText;
  return `the model has an input or output of datatype ${refusedTypeName(Number(number))}, which the runtime's JavaScript binding cannot carry`;
}

function readSignature({ inputMetadata, outputMetadata }: ort.InferenceSession): ModelSignature {
  return {
    inputs: inputMetadata.map((input) => readTensor('input', input)),
    outputs: outputMetadata.map((output) => readTensor('output', output)),
  };
}

function readTensor(role: string, value: ort.InferenceSession.ValueMetadata): TensorSignature {
  const { name } = value;
  if (!value.isTensor) throw new Error(`${role} '${name}' is a sequence, a map or an optional; only tensors can be served`);
  const datatype = datatypeOf(value.type);
  if (datatype === undefined) throw new Error(`${role} '${name}' has datatype ${value.type}, which the protocol cannot carry`);
  return { name, datatype, shape: value.shape.map((size) => (typeof size === 'number' ? size : -1)) };
}

async function run(port: MessagePort, session: ort.InferenceSession | undefined, inputs: readonly SlabTensor[]): Promise<void> {
  try {
    if (session === undefined) throw new Error('no model is loaded');
    const feeds: Record<string, ort.Tensor> = {};
    for (const input of inputs) feeds[input.name] = toRuntime(input);
    const start = performance.now();
    const results = await session.run(feeds);
    const executeUs = (performance.now() - start) * 1000;
    const outputs = session.outputNames.map((name) => fromRuntime(name, results[name]));
    post(port, { kind: 'ran', outputs, executeUs }, transferList(outputs));
  } catch (error) {
    post(port, runProblem(error));
  }
}

function runProblem(error: unknown): RunFailed {
  if (error instanceof ServingError && error.code === 'invalid_request') {
    return { kind: 'run_failed', code: 'invalid_request', message: error.message };
  }
  return { kind: 'run_failed', code: 'backend_failed', runtimeText: textOf(error) };
}

function toRuntime(input: SlabTensor): ort.Tensor {
  const { name, datatype, shape, data } = input;
  if (datatype === 'BYTES') return new ort.Tensor('string', decodeText(input), shape);
  const numeric = numericView(datatype, data);
  if (numeric === undefined) throw new Error(`input '${name}' has datatype ${datatype}`);
  return new ort.Tensor(numeric.type, numeric.view, shape);
}

function fromRuntime(name: string, result: ort.Tensor | undefined): SlabTensor {
  if (result === undefined) throw new Error(`output '${name}' is missing`);
  const datatype = datatypeOf(result.type);
  if (datatype === undefined) throw new Error(`output '${name}' has datatype ${result.type}`);
  return { name, datatype, shape: [...result.dims], data: bytesOf(result.data) };
}

function bytesOf(data: ort.Tensor['data']): Uint8Array<ArrayBuffer> {
  if (Array.isArray(data)) return encodeText(data);
  const { buffer, byteOffset, byteLength } = data;
  if (buffer instanceof ArrayBuffer && byteLength === buffer.byteLength) return new Uint8Array(buffer);
  return new Uint8Array(new Uint8Array(buffer, byteOffset, byteLength));
}

function textOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
