import { quote } from '../error/quote.js';
import { type ModelInput, ModelInput_Format, type ModelOutput } from '../gen/inference/model_config.js';
import type { TensorSettings } from '../model/spec.js';
import { formatShape } from '../tensor/shape.js';
import { datatypeOfNumber } from './datatype-number.js';
import { parseLabelFilename } from './label-filename.js';

/** Height, width and channels. */
const IMAGE_AXES = 3;

/** What is absent is the model file's to say. Throws an Error that names the input. */
export function parseInputSettings(input: ModelInput): TensorSettings {
  const settings = parseTensorSettings('input', input);
  assertFormat(input, settings);
  return input.optional ? { ...settings, optional: true } : settings;
}

/** What is absent is the model file's to say. Throws an Error that names the output. */
export function parseOutputSettings(output: ModelOutput): TensorSettings {
  return { ...parseTensorSettings('output', output), labelFilename: parseLabelFilename(output) };
}

function parseTensorSettings(kind: 'input' | 'output', { name, dataType, dims, reshape }: ModelInput | ModelOutput): TensorSettings {
  if (name === '') throw new Error(`an ${kind} has no name`);
  const what = `${kind} ${quote(name)}`;
  const settings = {
    name,
    datatype: datatypeOfNumber(dataType),
    dims: dims.length === 0 ? undefined : parseDims(dims, `${what} has dims`),
  };
  if (reshape === undefined) return settings;
  return { ...settings, reshape: parseDims(reshape.shape, `${what} has the reshape`) };
}

/** Triton's own check: what the format means is left to the clients that read it. */
function assertFormat({ name, format }: ModelInput, { dims }: TensorSettings): void {
  const isImage = format === ModelInput_Format.FORMAT_NHWC || format === ModelInput_Format.FORMAT_NCHW;
  if (!isImage || dims === undefined || dims.length === IMAGE_AXES) return;
  const expected = `expected ${IMAGE_AXES} of them, as its format is that of an image`;
  throw new Error(`input ${quote(name)} has dims ${formatShape(dims)}, ${expected}`);
}

function parseDims(dims: readonly bigint[], what: string): number[] {
  const bad = dims.find((size) => size < -1n || size === 0n || size > Number.MAX_SAFE_INTEGER);
  if (bad !== undefined) throw new Error(`${what} ${formatShape(dims)}, expected each to be positive or -1`);
  return dims.map(Number);
}
