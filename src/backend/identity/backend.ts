import { ServingError } from '../../error/serving-error.js';
import type { Clock } from '../../model/clock.js';
import type { Execution } from '../../model/infer.js';
import type { ModelSource } from '../../model/source.js';
import type { ModelSettings, ModelSignature, ModelSpec, TensorSettings, TensorSpec } from '../../model/spec.js';
import { LENGTH_BYTES } from '../../tensor/bytes.js';
import { elementBytes } from '../../tensor/datatype.js';
import { fillVariable } from '../../tensor/reshape.js';
import { copyGathered } from '../../tensor/rows.js';
import { elementCount, formatShape, type Shape, sameShape } from '../../tensor/shape.js';
import type { GatheredTensor, SlabTensor, Tensor } from '../../tensor/tensor.js';
import { abortReason, delay } from '../abort.js';
import type { Backend, Instance, OpenModel } from '../backend.js';
import { nextInstanceId } from '../instance-id.js';
import { unsupportedStream } from '../unsupported.js';

const DELAY_PARAMETER = 'execute_delay_ms';
const DELAY_FORMAT = /^\d+(\.\d+)?$/;

/**
 * Gives each input back as the output at the same place, untouched: for tests, demos and load checks. Inputs and outputs
 * come from config.pbtxt; the parameter `execute_delay_ms` makes one execution take that long. In place of an optional input that did not
 * come it gives zeros, one for each variable axis, as Triton's does.
 */
export class IdentityBackend implements Backend {
  readonly name = 'identity';
  readonly #clock: Clock;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  open(source: ModelSource): Promise<OpenModel> {
    return new Promise((resolve) => resolve(openIdentity(source, this.#clock)));
  }
}

function openIdentity({ settings }: ModelSource, clock: Clock): OpenModel {
  const pairs = pairsOf(settings);
  const delayMs = parseDelay(settings.parameters.get(DELAY_PARAMETER));
  const outputNames = new Map(pairs.map(({ input, output }) => [input.name, output.name]));
  return {
    signature: signatureOf(pairs, settings.maxBatchSize),
    slotsPerInstance: 1,
    takesOptionalInputs: true,
    createInstance: (spec) => Promise.resolve(new IdentityInstance(spec, outputNames, delayMs, clock)),
    [Symbol.asyncDispose]: () => Promise.resolve(),
  };
}

interface Pair {
  readonly input: TensorSpec;
  readonly output: TensorSpec;
}

/** Inputs and outputs by position. */
function pairsOf({ inputs, outputs, decoupled }: ModelSettings): Pair[] {
  if (decoupled) throw loadFailed('is not decoupled, but model_transaction_policy says so');
  if (inputs.length === 0) throw loadFailed('needs the inputs and outputs in config.pbtxt');
  if (inputs.length !== outputs.length) throw loadFailed(`needs as many outputs as inputs, got ${outputs.length} and ${inputs.length}`);
  return inputs.flatMap((input, at) => {
    const output = outputs[at];
    return output === undefined ? [] : [pairOf(complete(input), complete(output))];
  });
}

/** There is no file that could say what config.pbtxt leaves out. */
function complete({ name, datatype, dims, reshape = dims }: TensorSettings): TensorSpec {
  if (datatype !== undefined && dims !== undefined && reshape !== undefined) return { name, datatype, dims: reshape };
  throw loadFailed(`needs data_type and dims of '${name}' in config.pbtxt`);
}

function pairOf(input: TensorSpec, output: TensorSpec): Pair {
  if (input.datatype === output.datatype && sameShape(input.dims, output.dims)) return { input, output };
  const [given, back] = [input, output].map(({ name, datatype, dims }) => `'${name}' ${datatype} ${formatShape(dims)}`);
  throw loadFailed(`needs output ${back} to be like input ${given}`);
}

function parseDelay(text: string | undefined): number {
  if (text === undefined) return 0;
  if (!DELAY_FORMAT.test(text))
    throw loadFailed(`needs a number of milliseconds ≥ 0 as parameter ${DELAY_PARAMETER}, got '${text.slice(0, 40)}'`);
  return Number(text);
}

function signatureOf(pairs: readonly Pair[], maxBatchSize: number): ModelSignature {
  const whole = ({ name, datatype, dims }: TensorSpec) => ({ name, datatype, shape: maxBatchSize > 0 ? [-1, ...dims] : dims });
  return { inputs: pairs.map(({ input }) => whole(input)), outputs: pairs.map(({ output }) => whole(output)) };
}

function loadFailed(what: string): ServingError {
  return new ServingError('load_failed', `backend identity ${what}`);
}

class IdentityInstance implements Instance {
  readonly id: string;
  readonly broken = undefined;
  readonly depth = 1;
  readonly #spec: ModelSpec;
  readonly #outputNames: ReadonlyMap<string, string>;
  readonly #delayMs: number;
  readonly #clock: Clock;

  constructor(spec: ModelSpec, outputNames: ReadonlyMap<string, string>, delayMs: number, clock: Clock) {
    this.id = nextInstanceId(spec);
    this.#spec = spec;
    this.#outputNames = outputNames;
    this.#delayMs = delayMs;
    this.#clock = clock;
  }

  async execute(gathered: readonly GatheredTensor[], signal: AbortSignal): Promise<Execution> {
    if (signal.aborted) throw abortReason(signal);
    const inputs = gathered.map(copyGathered);
    const start = this.#clock.now();
    if (this.#delayMs > 0) await delay(this.#clock, this.#delayMs, signal);
    const outputs = this.#spec.inputs.map((input) => this.#outputOf(input, inputs));
    return { outputs, executeUs: (this.#clock.now() - start) * 1000 };
  }

  stream(): AsyncIterable<Execution> {
    return unsupportedStream('identity');
  }

  close(): Promise<void> {
    return Promise.resolve();
  }

  /** The input as its output: the same bytes, not copied. */
  #outputOf(expected: TensorSpec, inputs: readonly SlabTensor[]): Tensor {
    const name = this.#outputNames.get(expected.name) ?? expected.name;
    const input = inputs.find((given) => given.name === expected.name);
    if (input !== undefined) return { name, datatype: input.datatype, shape: input.shape, data: input.data };
    if (expected.optional !== true) throw new ServingError('internal', `input '${expected.name}' was not given`);
    // Where the model is batched a request has brought at least one input.
    return zeros(name, expected, this.#spec.maxBatchSize > 0 ? (inputs[0]?.shape.slice(0, 1) ?? []) : []);
  }
}

function zeros(name: string, { datatype, dims, modelDims = dims }: TensorSpec, rows: Shape): Tensor {
  const ones = modelDims.map(() => 1);
  const shape = [...rows, ...fillVariable(modelDims, ones)];
  const count = elementCount(shape) ?? 0;
  return { name, datatype, shape, data: new Uint8Array(count * (elementBytes(datatype) || LENGTH_BYTES)) };
}
