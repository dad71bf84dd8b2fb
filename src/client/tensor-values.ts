import { datatypeToJSON, type Tensor } from '../gen/millrace/v1/tensor.js';

/** A tensor of a response, for reading. */
export interface TensorView {
  readonly name: string;
  /** "FP32" */
  readonly datatype: string;
  readonly shape: readonly number[];
  readonly content: TensorContent;
}

/** Elements in row-major order, or the bytes of a tensor that was asked for raw. */
export type TensorContent =
  | { readonly kind: 'values'; readonly values: readonly (boolean | bigint | number | string | Uint8Array)[] }
  | { readonly kind: 'raw'; readonly bytes: Uint8Array };

const PREFIX = 'DATATYPE_';

export function viewTensor(tensor: Tensor): TensorView {
  const { name, datatype, shape, raw } = tensor;
  return {
    name,
    datatype: datatypeToJSON(datatype).slice(PREFIX.length),
    shape: shape.map(Number),
    content: raw === undefined ? { kind: 'values', values: typedValues(tensor) } : { kind: 'raw', bytes: raw },
  };
}

/** At most one list is filled. */
function typedValues({ bools, ints, uints, floats, doubles, strings, bytesList }: Tensor) {
  const lists: readonly (readonly (boolean | bigint | number | string | Uint8Array)[])[] = [
    bools,
    ints,
    uints,
    floats,
    doubles,
    strings,
    bytesList,
  ];
  return lists.find((list) => list.length > 0) ?? [];
}
