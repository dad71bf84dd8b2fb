import { describe, expect, it } from '@jest/globals';
import { InferRequest } from '../../../src/gen/millrace/v1/inference.js';
import { readPlainInferRequest } from '../../../src/wire/millrace-plain-request.js';
import { NameTable } from '../../../src/wire/name-table.js';
import { MAX_DESCRIPTION_BYTES } from '../../../src/wire/request-bounds.js';
import { wireRequest, wireTensor } from '../../support/wire-messages.js';

const FOUR = Uint8Array.of(1, 2, 3, 4);
const inputs = [wireTensor({ shape: [1n, 1n], raw: FOUR })];

function bytesOf(fields: Partial<InferRequest>): Uint8Array {
  return InferRequest.encode(wireRequest({ inputs, ...fields })).finish();
}

function withInput(...tensor: readonly number[]): Uint8Array {
  return Uint8Array.of(0x22, tensor.length, ...tensor);
}

function read(bytes: Uint8Array) {
  return readPlainInferRequest(bytes, new NameTable());
}

describe('readPlainInferRequest', () => {
  it('reads a request with raw tensors, which stay views of the bytes', () => {
    const bytes = bytesOf({ version: '3', requestId: 'r7', outputNames: ['y', 'z'] });
    const parsed = read(bytes);
    expect(parsed).toEqual({
      request: {
        model: 'm',
        version: { kind: 'version', version: '3' },
        requestId: 'r7',
        inputs: [{ name: 'x', datatype: 'FP32', shape: [1, 1], data: FOUR }],
        outputNames: ['y', 'z'],
        priority: 0,
      },
      outputEncoding: 'raw',
    });
    expect(parsed?.request.inputs[0]?.data.buffer).toBe(bytes.buffer);
  });

  it('takes the last of the raw contents that come twice', () => {
    expect(read(withInput(0x10, 11, 0x22, 1, 7, 0x22, 2, 8, 9))?.request.inputs[0]?.data).toEqual(Uint8Array.of(8, 9));
  });

  it.each([
    ['no input', bytesOf({ inputs: [] })],
    ['a priority', bytesOf({ priority: 1 })],
    ['an encoding', bytesOf({ outputEncoding: 1 })],
    ['parameters', bytesOf({ parameters: { any: 1 } })],
    ['a typed list', bytesOf({ inputs: [wireTensor({ floats: [1] })] })],
    ['neither raw contents nor a list', bytesOf({ inputs: [wireTensor()] })],
    ['a datatype that is none', bytesOf({ inputs: [wireTensor({ datatype: 99 as 1, raw: FOUR })] })],
    ['no datatype', bytesOf({ inputs: [wireTensor({ datatype: 0, raw: FOUR })] })],
    ['a name that is not ASCII', bytesOf({ inputs: [wireTensor({ name: 'ä', raw: FOUR })] })],
    ['a text that is not ASCII', bytesOf({ model: 'ä' })],
    ['a version that is none', bytesOf({ version: '0' })],
    ['more names than are allowed', bytesOf({ outputNames: Array<string>(MAX_DESCRIPTION_BYTES / 4).fill('yy') })],
    ['raw contents beyond the end of their tensor', withInput(0x10, 11, 0x22, 2, 8)],
    ['an end in the middle', bytesOf({}).subarray(0, -1)],
  ])('leaves a request with %s to the generated code', (_what, bytes) => {
    expect(read(bytes)).toBeUndefined();
  });
});
