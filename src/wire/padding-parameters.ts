import type { ModelConfig } from '../gen/inference/model_config.js';
import { OWN_PARAMETER } from '../model/own-parameters.js';
import type { PaddedAxis, PaddedInput, PaddingSpec } from '../model/spec.js';
import { badValue, parameterOf } from './parameter-value.js';

const { padInputs: INPUTS, padOutputs: OUTPUTS, padMask: MASK } = OWN_PARAMETER;

/** "name[axis]", where a pad value follows "=". A name may hold brackets, but no comma. */
const INPUT_FORMAT = /^(.+)\[(\d{1,2})\]\s*=\s*([-+]?\d+(?:\.\d+)?(?:[eE][-+]?\d{1,3})?)$/;
const OUTPUT_FORMAT = /^(.+)\[(\d{1,2})\]$/;

const INPUTS_EXPECTED = "inputs as 'name[axis]=value', each once, with commas between them";
const OUTPUTS_EXPECTED = "outputs as 'name[axis]', each once, with commas between them";

/**
 * Which tensors are padded, as far as the parameters alone can tell; undefined where they name none. Throws an Error that names the parameter, its value
 * and what is expected.
 */
export function parsePadding(config: ModelConfig): PaddingSpec | undefined {
  const inputs = parseTensors(config, INPUTS, INPUTS_EXPECTED, parsePaddedInput);
  const outputs = parseTensors(config, OUTPUTS, OUTPUTS_EXPECTED, parsePaddedOutput);
  const mask = parameterOf(config, MASK);
  if (inputs === undefined) {
    assertAbsent(config, OUTPUTS);
    assertAbsent(config, MASK);
    return undefined;
  }
  if (mask !== undefined && !inputs.has(mask)) throw badValue(MASK, mask, `one of the inputs in '${INPUTS}'`);
  if (inputs.size === (mask === undefined ? 0 : 1)) throw badValue(INPUTS, parameterOf(config, INPUTS) ?? '', 'an input besides the mask');
  return { inputs, outputs: outputs ?? new Map(), mask };
}

function assertAbsent(config: ModelConfig, name: string): void {
  const value = parameterOf(config, name);
  if (value !== undefined) throw badValue(name, value, `none without '${INPUTS}'`);
}

type Named<T> = readonly [name: string, tensor: T];

function parseTensors<T>(
  config: ModelConfig,
  name: string,
  expected: string,
  parse: (text: string) => Named<T> | undefined,
): ReadonlyMap<string, T> | undefined {
  const value = parameterOf(config, name);
  if (value === undefined) return undefined;
  const tensors = new Map<string, T>();
  for (const text of value.split(',')) {
    const named = parse(text.trim());
    if (named === undefined || tensors.has(named[0])) throw badValue(name, value, expected);
    tensors.set(...named);
  }
  return tensors;
}

function parsePaddedInput(text: string): Named<PaddedInput> | undefined {
  const [, name, axis, value] = INPUT_FORMAT.exec(text) ?? [];
  return name === undefined ? undefined : [name, { axis: Number(axis), value: Number(value) }];
}

function parsePaddedOutput(text: string): Named<PaddedAxis> | undefined {
  const [, name, axis] = OUTPUT_FORMAT.exec(text) ?? [];
  return name === undefined ? undefined : [name, { axis: Number(axis) }];
}
