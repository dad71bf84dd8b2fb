import { datatypeFromJSON, Tensor } from '../gen/millrace/v1/tensor.js';
import { DATATYPES, isDatatype } from '../tensor/datatype.js';
import { RequestError } from './request-error.js';

/** A tensor for a request whose bytes are in the protocol's own layout already. Throws a RequestError for an unknown datatype. */
export function createRawTensor(name: string, datatype: string, shape: readonly number[], raw: Uint8Array): Tensor {
  if (!isDatatype(datatype)) throw new RequestError(`unknown datatype ${datatype}; there are ${DATATYPES.join(', ')}`);
  return { ...Tensor.fromJSON({ name }), datatype: datatypeFromJSON(`DATATYPE_${datatype}`), shape: shape.map(BigInt), raw };
}
