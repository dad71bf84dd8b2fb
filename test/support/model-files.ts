import { buildOnnx, type OnnxType } from './onnx-builder.js';
import type { WireDatatype } from './tensor-codec.js';

export interface ModelFiles {
  /** Text of config.pbtxt. */
  readonly config?: string;
  /** Version 1; without it the version's directory is empty. */
  readonly onnx?: Uint8Array;
}

/** Files of a model repository, for ModelDirectory. */
export function modelFiles(models: Readonly<Record<string, ModelFiles>>): Record<string, Uint8Array> {
  const files: Record<string, Uint8Array> = {};
  for (const [name, { config, onnx }] of Object.entries(models)) {
    if (config !== undefined) files[`${name}/config.pbtxt`] = Buffer.from(config);
    if (onnx === undefined) files[`${name}/1/.gitkeep`] = new Uint8Array();
    else files[`${name}/1/model.onnx`] = onnx;
  }
  return files;
}

/** config.pbtxt of an identity model: INPUT0 → OUTPUT0 of one datatype and any width. */
export function identityConfig(datatype: WireDatatype, maxBatchSize = 8): string {
  const type = datatype === 'BYTES' ? 'TYPE_STRING' : `TYPE_${datatype}`;
  return `
    backend: "identity"
    max_batch_size: ${maxBatchSize}
    input [ { name: "INPUT0" data_type: ${type} dims: [ -1 ] } ]
    output [ { name: "OUTPUT0" data_type: ${type} dims: [ -1 ] } ]`;
}

/** Values[X[batch,1]] → Y: fails in the runtime where an index is outside `values`. */
export function lookupOnnx(values: readonly number[]): Uint8Array {
  return buildOnnx({
    inputs: [{ name: 'X', type: 'INT64', shape: ['batch', 1] }],
    outputs: [{ name: 'Y', type: 'FP32', shape: ['batch', 1] }],
    nodes: [{ op: 'Gather', inputs: ['values', 'X'], outputs: ['Y'] }],
    initializers: [{ name: 'values', type: 'FP32', dims: [values.length], raw: new Uint8Array(Float32Array.from(values).buffer) }],
  });
}

/** X + X → Y, whatever the width. */
export function doubleOnnx(shape: readonly (number | string)[] = ['batch', 'width']): Uint8Array {
  return buildOnnx({
    inputs: [{ name: 'X', type: 'FP32', shape }],
    outputs: [{ name: 'Y', type: 'FP32', shape }],
    nodes: [{ op: 'Add', inputs: ['X', 'X'], outputs: ['Y'] }],
  });
}

/** One input IN_<type> and one output OUT_<type>, of [batch,width], for each of `types`. */
export function identitiesOnnx(types: readonly OnnxType[]): Uint8Array {
  const shape = ['batch', 'width'];
  return buildOnnx({
    inputs: types.map((type) => ({ name: `IN_${type}`, type, shape })),
    outputs: types.map((type) => ({ name: `OUT_${type}`, type, shape })),
    nodes: types.map((type) => ({ op: 'Identity', inputs: [`IN_${type}`], outputs: [`OUT_${type}`] })),
  });
}
