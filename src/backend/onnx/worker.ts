import { parentPort } from 'node:worker_threads';
import ort from 'onnxruntime-node';
import type { ModelSignature, RuntimeSettings, TensorSignature } from '../../model/spec.js';
import type { SlabTensor } from '../../tensor/tensor.js';
import type { RunResult } from './protocol.js';
import { datatypeOf, numericView, refusedTypeName } from './runtime-type.js';
import { sessionOptions } from './session-options.js';
import { decodeText, encodeText } from './text.js';
import { serve, type WorkerModel } from './worker-loop.js';

/** The thread of one instance: it owns a session of ONNX Runtime. */

const UNKNOWN_TYPE = /^Unsupported data type: (\d+)$/;

class OnnxModel implements WorkerModel {
  #session: ort.InferenceSession | undefined;

  async load(path: string, runtime: RuntimeSettings): Promise<ModelSignature> {
    ort.env.logLevel = 'fatal';
    try {
      this.#session = await ort.InferenceSession.create(path, sessionOptions(runtime));
    } catch (error) {
      throw error instanceof Error ? new Error(loadProblem(error.message), { cause: error }) : error;
    }
    return readSignature(this.#session);
  }

  async run(inputs: readonly SlabTensor[]): Promise<RunResult> {
    const session = this.#session;
    if (session === undefined) throw new Error('no model is loaded');
    const feeds: Record<string, ort.Tensor> = {};
    for (const input of inputs) feeds[input.name] = toRuntime(input);
    const start = performance.now();
    const results = await session.run(feeds);
    const executeUs = (performance.now() - start) * 1000;
    return { outputs: session.outputNames.map((name) => fromRuntime(name, results[name])), executeUs };
  }

  async release(): Promise<void> {
    await this.#session?.release();
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
  return { name, datatype, shape: result.dims, data: bytesOf(result.data) };
}

function bytesOf(data: ort.Tensor['data']): Uint8Array<ArrayBuffer> {
  if (Array.isArray(data)) return encodeText(data);
  const { buffer, byteOffset, byteLength } = data;
  if (buffer instanceof ArrayBuffer && byteLength === buffer.byteLength) return new Uint8Array(buffer);
  return new Uint8Array(new Uint8Array(buffer, byteOffset, byteLength));
}

if (parentPort !== null) serve(parentPort, new OnnxModel());
