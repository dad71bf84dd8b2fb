import { UsageError } from '../config/usage-error.js';

/** One tensor whose bytes come from a file. */
export interface RawInput {
  readonly name: string;
  /** "-" is standard input. */
  readonly file: string;
  readonly datatype: string;
  readonly shape: readonly number[];
}

export const RAW_INPUT_FORM = 'NAME=FILE:DATATYPE:SHAPE, for example image=digit.bin:FP32:1x64';

const RAW_INPUT = /^(?<name>[^=]+)=(?<file>.+):(?<datatype>[A-Za-z0-9]+):(?<shape>\d+(?:[x,]\d+)*|)$/;

/** Reads "image=digit.bin:FP32:1x64"; the file may hold colons, an empty shape is a scalar. Throws a UsageError. */
export function parseRawInput(text: string): RawInput {
  const { name, file, datatype, shape } = RAW_INPUT.exec(text)?.groups ?? {};
  if (name === undefined || file === undefined || datatype === undefined || shape === undefined) {
    throw new UsageError(`--raw: ${JSON.stringify(text)} is not allowed, expected ${RAW_INPUT_FORM}`);
  }
  return { name, file, datatype: datatype.toUpperCase(), shape: shape === '' ? [] : shape.split(/[x,]/).map(Number) };
}
