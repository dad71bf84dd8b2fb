import { quote, quoteList } from '../error/quote.js';
import { invalidRequest, type ServingError } from '../error/serving-error.js';
import { findBytesProblem } from '../tensor/bytes.js';
import { elementBytes } from '../tensor/datatype.js';
import { findNonFinite } from '../tensor/finite.js';
import { elementCount, formatShape, type ShapePattern } from '../tensor/shape.js';
import type { Tensor } from '../tensor/tensor.js';
import { assertClassifiable } from './classification.js';
import type { InferRequest } from './infer.js';
import { assertOneLength } from './padding.js';
import type { ModelSpec, TensorSpec } from './spec.js';

/** What becomes of a request of more rows than one execution takes. */
export type Oversize = 'refuse' | 'split';

/**
 * Checks a request against the version that will run it, and returns its rows: the size of axis 0, or 1 for an unbatched model.
 * Throws `invalid_request` whose text names what was wrong, expected and given, with the phrases that Triton's clients match on.
 * What passes is safe to concatenate, run and split. Nothing is copied, and the healthy case allocates nothing.
 * With `oversize` `split` the rows are to be cut into pieces: the request may bring more of them than one execution takes. Rows without a single
 * byte cost their sender nothing, so of those it may not.
 */
export function validateRequest(request: InferRequest, spec: ModelSpec, oversize: Oversize = 'refuse'): number {
  if (request.outputNames.length > 0) assertOutputNames(request.outputNames, spec);
  if (request.classCounts !== undefined) assertClassifiable(request.classCounts, spec.outputs);
  const inputs = orderInputs(request, spec);
  const rows = validateInputs(inputs, spec, oversize);
  if (spec.batching.padding !== undefined) assertOneLength(inputs, spec.batching.padding, spec);
  return rows;
}

/**
 * The request's inputs in the model's order, without those that are optional and left out; the same array where they came so. Throws
 * `invalid_request` unless every other one is there, and none twice.
 */
export function orderInputs({ inputs }: InferRequest, spec: ModelSpec): readonly Tensor[] {
  if (inputs.length !== spec.inputs.length) return reorder(inputs, spec);
  for (let at = 0; at < inputs.length; at++) {
    if (inputs[at]?.name !== spec.inputs[at]?.name) return reorder(inputs, spec);
  }
  return inputs;
}

function validateInputs(inputs: readonly Tensor[], spec: ModelSpec, oversize: Oversize): number {
  const isWhole = inputs.length === spec.inputs.length;
  if (!isWhole && inputs.length === 0 && spec.maxBatchSize > 0) throw noInputs(spec);
  let rows = 1;
  for (let at = 0; at < inputs.length; at++) {
    const input = inputs[at];
    const expected = isWhole ? spec.inputs[at] : spec.inputs.find(({ name }) => name === input?.name);
    if (input === undefined || expected === undefined) break;
    assertDatatype(input, expected, spec);
    assertShape(input, expected.dims, spec);
    if (spec.maxBatchSize > 0) rows = at === 0 ? assertRows(input, inputs, spec, oversize) : assertSameRows(input, spec, rows);
    assertData(input, spec);
    if (spec.refusesNonFinite === true) assertFinite(input, spec);
  }
  return rows;
}

/** Stops at the first input that is too many, so that a request of thousands costs no more than the model's own inputs do. */
function reorder(inputs: readonly Tensor[], spec: ModelSpec): readonly Tensor[] {
  const places = new Map(spec.inputs.map(({ name }, place) => [name, place]));
  const required = spec.inputs.filter(({ optional }) => optional !== true);
  const ordered: (Tensor | undefined)[] = spec.inputs.map(() => undefined);
  const seen = new Set<string>();
  for (const input of inputs) {
    const place = places.get(input.name);
    if (seen.has(input.name)) throw invalidRequest(`input ${quote(input.name)} already exists in request`);
    seen.add(input.name);
    if (place !== undefined) ordered[place] = input;
    else if (inputs.length >= required.length) throw unexpectedName('input', input.name, spec);
  }
  const missing = required.map(({ name }) => name).filter((name) => !seen.has(name));
  if (missing.length > 0) throw missingInputs(seen, missing, required.length, spec);
  return ordered.filter((input) => input !== undefined);
}

function missingInputs(
  given: ReadonlySet<string>,
  missing: readonly string[],
  required: number,
  { inputs, model }: ModelSpec,
): ServingError {
  const expected = required === inputs.length ? `${required} inputs` : `number of inputs between ${required} and ${inputs.length}`;
  return invalidRequest(
    `expected ${expected} but got ${given.size} inputs for model ${quote(model)}. ` +
      `Got input(s) ${quoteList([...given])}, but missing required input(s) ${quoteList(missing)}. Please provide all required input(s).`,
  );
}

/** Each input of a model may be optional, but what has no input has no rows. */
function noInputs({ model, inputs }: ModelSpec): ServingError {
  const names = quoteList(inputs.map(({ name }) => name));
  return invalidRequest(`expected at least one of the inputs ${names} for model ${quote(model)}, which tells the batch size, got none`);
}

/** Whatever the request holds, the loop ends within one step more than the model has outputs. */
function assertOutputNames(names: readonly string[], spec: ModelSpec): void {
  for (let at = 0; at < names.length; at++) {
    const name = names[at] ?? '';
    if (!hasOutput(spec, name)) throw unexpectedName('output', name, spec);
    if (names.indexOf(name) < at) throw invalidRequest(`output ${quote(name)} already exists in request`);
  }
}

function hasOutput({ outputs }: ModelSpec, name: string): boolean {
  for (const output of outputs) if (output.name === name) return true;
  return false;
}

function unexpectedName(kind: 'input' | 'output', name: string, spec: ModelSpec): ServingError {
  const names = (kind === 'input' ? spec.inputs : spec.outputs).map((tensor) => tensor.name);
  return invalidRequest(
    `unexpected inference ${kind} ${quote(name)} for model ${quote(spec.model)}. Expected ${kind}(s) ${quoteList(names)}`,
  );
}

function assertDatatype({ name, datatype }: Tensor, expected: TensorSpec, { model }: ModelSpec): void {
  if (datatype === expected.datatype) return;
  throw invalidRequest(
    `inference input ${quote(name)} data-type is '${datatype}', but model ${quote(model)} expects '${expected.datatype}'`,
  );
}

function assertShape(input: Tensor, dims: ShapePattern, spec: ModelSpec): void {
  const { shape } = input;
  const batchAxes = spec.maxBatchSize > 0 ? 1 : 0;
  if (shape.length !== dims.length + batchAxes) throw unexpectedShape(input, dims, spec);
  for (let axis = 0; axis < shape.length; axis++) {
    const size = shape[axis] ?? -1;
    const expected = axis < batchAxes ? -1 : dims[axis - batchAxes];
    if (!Number.isSafeInteger(size) || size < 0) throw unspecifiedDimension(input, spec);
    if (size !== expected && expected !== -1) throw unexpectedShape(input, dims, spec);
  }
}

function unexpectedShape({ name, shape }: Tensor, dims: ShapePattern, { model, maxBatchSize }: ModelSpec): ServingError {
  const expected = formatShape(maxBatchSize > 0 ? [-1, ...dims] : dims);
  const note =
    maxBatchSize > 0
      ? `with max_batch_size ${maxBatchSize} each input shape starts with a batch dimension`
      : 'with max_batch_size 0 input shapes have no batch dimension of their own';
  return invalidRequest(
    `unexpected shape for input ${quote(name)} for model ${quote(model)}. Expected ${expected}, got ${formatShape(shape)}. NOTE: ${note}.`,
  );
}

function unspecifiedDimension({ name, shape }: Tensor, { model }: ModelSpec): ServingError {
  return invalidRequest(
    `All input dimensions should be specified for input ${quote(name)} for model ${quote(model)}, got ${formatShape(shape)}`,
  );
}

function assertRows({ shape }: Tensor, inputs: readonly Tensor[], { model, maxBatchSize }: ModelSpec, oversize: Oversize): number {
  const rows = shape[0] ?? 0;
  if (rows > maxBatchSize && (oversize === 'refuse' || isEmpty(inputs)))
    throw invalidRequest(`inference request batch-size must be <= ${maxBatchSize} for ${quote(model)}, got ${rows}`);
  if (rows < 1) throw invalidRequest(`inference request batch-size must be >= 1 for ${quote(model)}, got ${rows}`);
  return rows;
}

function isEmpty(inputs: readonly Tensor[]): boolean {
  return inputs.every(({ data }) => data.length === 0);
}

function assertSameRows({ name, shape }: Tensor, { model }: ModelSpec, rows: number): number {
  if (shape[0] === rows) return rows;
  throw invalidRequest(
    `input ${quote(name)} batch size does not match other inputs for ${quote(model)}. Expected ${rows}, got ${String(shape[0])}`,
  );
}

function assertData(input: Tensor, spec: ModelSpec): void {
  const { name, shape, datatype, data } = input;
  const count = elementCount(shape);
  if (count === undefined) {
    throw invalidRequest(`input ${quote(name)} for model ${quote(spec.model)} has too many elements: shape ${formatShape(shape)}`);
  }
  if (datatype === 'BYTES') {
    assertElements(input, spec, count);
  } else if (data.length !== count * elementBytes(datatype)) {
    const expected = count * elementBytes(datatype);
    throw invalidRequest(
      `input byte size mismatch for input ${quote(name)} for model ${quote(spec.model)}. Expected ${expected}, got ${data.length}`,
    );
  }
}

/** One row of a batch that holds NaN may be what its neighbours' rows are computed from. */
function assertFinite({ name, datatype, data }: Tensor, { model }: ModelSpec): void {
  const found = findNonFinite(datatype, data);
  if (found === undefined) return;
  throw invalidRequest(
    `input ${quote(name)} for model ${quote(model)} has ${found.kind} at element ${found.index}, expected finite numbers`,
  );
}

function assertElements({ name, data }: Tensor, { model }: ModelSpec, count: number): void {
  const problem = findBytesProblem(data, count);
  if (problem === undefined) return;
  const where = `for inference input ${quote(name)} for model ${quote(model)}`;
  switch (problem.kind) {
    case 'incomplete_length':
      throw invalidRequest(
        `incomplete string length indicator ${where}, expecting 4 bytes but only ${problem.bytesLeft} bytes available at element ${problem.element}`,
      );
    case 'incomplete_element':
      throw invalidRequest(
        `incomplete string data ${where}, expecting string of length ${problem.length} but only ${problem.bytesLeft} bytes available at element ${problem.element}`,
      );
    case 'element_count':
      throw invalidRequest(
        problem.found > count
          ? `unexpected number of string elements ${problem.found} ${where}, expecting ${count}`
          : `expected ${count} string elements ${where}, got ${problem.found}`,
      );
  }
}
