import { assert, show } from './check.js';
import { contentsField, elementBytes, isDatatype, isFloat } from './datatype.js';
import type { InferOutput, InferResponse } from './messages.js';
import { decodeBytes, decodeNumbers, elementCount, rawOfContents, type Tensor } from './tensor.js';

/** The outputs of a response, raw or typed. Sizes are not looked at; a datatype that is none reads as BYTES. */
export function outputsOf(response: InferResponse): Tensor[] {
  return response.outputs.map((output, at) => {
    const datatype = isDatatype(output.datatype) ? output.datatype : 'BYTES';
    const raw = response.raw_output_contents[at] ?? rawOfContents(datatype, output.contents ?? {});
    return { name: output.name, datatype, shape: output.shape.map(Number), raw };
  });
}

/** Throws where an output's contents are not what its shape and datatype say. */
export function assertSizes(response: InferResponse): void {
  for (const [at, output] of response.outputs.entries()) {
    const raw = response.raw_output_contents[at];
    if (raw === undefined) assertTypedSize(output);
    else assertRawSize(output, raw);
  }
}

function assertTypedSize(output: InferOutput): void {
  if (!isDatatype(output.datatype)) return;
  const field = contentsField(output.datatype);
  const given = field === undefined ? 0 : (output.contents?.[field]?.length ?? 0);
  const expected = elementCount(output.shape.map(Number));
  assert(given === expected, `${expected} values in ${field ?? 'raw_output_contents'} of output ${show(output.name)}`, String(given));
}

function assertRawSize({ name, datatype, shape }: InferOutput, raw: Buffer): void {
  if (!isDatatype(datatype)) return;
  const count = elementCount(shape.map(Number));
  const what = `of output ${show(name)}, ${datatype} [${shape.join()}]`;
  const size = elementBytes(datatype);
  if (size !== undefined) assert(raw.length === count * size, `${count * size} bytes ${what}`, String(raw.length));
  else
    assert(
      decodeBytes(raw)?.length === count,
      `${count} elements, each behind its length, ${what}`,
      `${raw.length} bytes that hold others`,
    );
}

/** How the answers differ; undefined where they do not. Floats may differ by rounding: a batch may be computed in another order. */
export function difference(one: readonly Tensor[], other: readonly Tensor[]): string | undefined {
  const [names, others] = [one, other].map((tensors) => show(tensors.map(({ name }) => name)));
  if (names !== others) return `outputs ${names ?? ''} and ${others ?? ''}`;
  for (const [at, tensor] of one.entries()) {
    const twin = other[at];
    if (twin !== undefined && !sameTensor(tensor, twin))
      return `output ${show(tensor.name)} is ${showTensor(tensor)} and ${showTensor(twin)}`;
  }
  return undefined;
}

export function sameTensor(one: Tensor, other: Tensor): boolean {
  if (one.datatype !== other.datatype || one.shape.join() !== other.shape.join() || one.raw.length !== other.raw.length) return false;
  if (one.raw.equals(other.raw)) return true;
  if (!isFloat(one.datatype)) return false;
  const others = decodeNumbers(other.datatype, other.raw);
  return decodeNumbers(one.datatype, one.raw).every((value, at) => isClose(value, others[at] ?? Number.NaN));
}

export function isClose(one: number, other: number): boolean {
  return Object.is(one, other) || Math.abs(one - other) <= 1e-5 + 1e-3 * Math.max(Math.abs(one), Math.abs(other));
}

export function showTensor({ datatype, shape, raw }: Tensor): string {
  return `${datatype} [${shape.join()}] ${raw.subarray(0, 24).toString('hex')}${raw.length > 24 ? '…' : ''}`;
}
