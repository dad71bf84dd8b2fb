import { identityConfig, modelFiles } from './model-files.js';
import { ALL_DATATYPES } from './sample-values.js';

/** Several inputs and outputs, of fixed sizes; two versions. */
const PAIR = `
  backend: "identity"
  max_batch_size: 8
  input [ { name: "A" data_type: TYPE_FP32 dims: [ 4 ] }, { name: "B" data_type: TYPE_INT64 dims: [ 2, 3 ] } ]
  output [ { name: "C" data_type: TYPE_FP32 dims: [ 4 ] }, { name: "D" data_type: TYPE_INT64 dims: [ 2, 3 ] } ]
  version_policy { all { } }`;

const REPEAT = `
  backend: "repeat"
  model_transaction_policy { decoupled: true }
  input [ { name: "IN" data_type: TYPE_INT32 dims: [ -1 ] }, { name: "DELAY" data_type: TYPE_UINT32 dims: [ -1 ] } ]
  input [ { name: "WAIT" data_type: TYPE_UINT32 dims: [ 1 ] } ]
  output [ { name: "OUT" data_type: TYPE_INT32 dims: [ 1 ] }, { name: "IDX" data_type: TYPE_UINT32 dims: [ 1 ] } ]`;

/** Files of a repository in which every check of the conformance suite finds a model: pair, repeat and identity_<datatype>. */
export function conformanceModels(): Record<string, Uint8Array> {
  const identities = ALL_DATATYPES.map((datatype) => [`identity_${datatype}`, { config: identityConfig(datatype) }] as const);
  const files = modelFiles({ ...Object.fromEntries(identities), pair: { config: PAIR }, repeat: { config: REPEAT } });
  return { ...files, 'pair/2/.gitkeep': new Uint8Array() };
}

/** Enough of them for all checks but those of the other datatypes. */
export const FEW_MODELS: readonly string[] = ['pair', 'identity_INT8', 'identity_FP16', 'identity_BYTES', 'repeat'];

export const CONFORMANCE_MODELS: readonly string[] = ['pair', 'repeat', ...ALL_DATATYPES.map((datatype) => `identity_${datatype}`)];
