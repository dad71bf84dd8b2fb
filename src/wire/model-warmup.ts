import { quote } from '../error/quote.js';
import type { ModelWarmup, ModelWarmup_Input } from '../gen/inference/model_config.js';
import type { WarmupData, WarmupInput, WarmupSettings } from '../model/spec.js';
import { formatShape } from '../tensor/shape.js';
import { datatypeOfNumber } from './datatype-number.js';

/**
 * Reads model_warmup. As in Triton, a count of 0 is one run and a batch_size of 0 is none, so that such a one is left out. Whether the rest
 * fits the model is left to whoever knows its inputs. Throws an Error that names the warm-up and the input.
 */
export function parseWarmups(warmups: readonly ModelWarmup[]): WarmupSettings[] {
  return warmups.map(parseWarmup).filter(({ batchSize }) => batchSize > 0);
}

/** One without a name goes by its place. */
function parseWarmup({ name, batchSize, count, inputs }: ModelWarmup, place: number): WarmupSettings {
  const label = name === '' ? `${place}` : name;
  return {
    name: label,
    batchSize,
    count: Math.max(1, count),
    inputs: Object.entries(inputs).map(([input, settings]) => {
      const where = `model_warmup ${quote(label)} has input ${quote(input)}`;
      return parseInput(input, settings, where);
    }),
  };
}

function parseInput(name: string, { dataType, dims, inputDataType }: ModelWarmup_Input, where: string): WarmupInput {
  const datatype = datatypeOfNumber(dataType);
  if (datatype === undefined) throw new Error(`${where} without data_type`);
  if (dims.some((size) => size < 0n || size > Number.MAX_SAFE_INTEGER)) {
    throw new Error(`${where} of dims ${formatShape(dims)}, expected each to be 0 or more: a warm-up has no variable dimensions`);
  }
  return { name, datatype, dims: dims.map(Number), data: parseData(inputDataType, where) };
}

/** As in Triton, the choice counts, not whether it says true. */
function parseData(choice: ModelWarmup_Input['inputDataType'], where: string): WarmupData {
  switch (choice?.$case) {
    case undefined:
      throw new Error(`${where} without data: expected zero_data, random_data or input_data_file`);
    case 'zeroData':
      return { kind: 'zero' };
    case 'randomData':
      return { kind: 'random' };
    case 'inputDataFile':
      return { kind: 'file', name: parseFilename(choice.value, where) };
  }
}

/** A path below the directory `warmup`, which nothing in it leaves. */
function parseFilename(name: string, where: string): string {
  const isPlain = !/[\\\0]/.test(name) && name.split('/').every((part) => part !== '' && part !== '.' && part !== '..');
  if (isPlain) return name;
  throw new Error(`${where} with input_data_file ${quote(name)}, expected the path of a file in the model's directory warmup`);
}
