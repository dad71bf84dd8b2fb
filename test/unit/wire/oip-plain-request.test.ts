import { describe, expect, it } from '@jest/globals';
import { ModelInferRequest } from '../../../src/gen/inference/infer.js';
import { NameTable } from '../../../src/wire/name-table.js';
import { readPlainRequest } from '../../../src/wire/oip-plain-request.js';
import { MAX_DESCRIPTION_BYTES } from '../../../src/wire/request-bounds.js';
import { contents, oipInput, oipRequest } from '../../support/wire-messages.js';

const FOUR = Uint8Array.of(1, 2, 3, 4);
const inputs = [oipInput({ shape: [1n, 1n] })];
const parameters = { any: { parameterChoice: { $case: 'boolParam', value: true } } } as const;

function bytesOf(fields: Partial<ModelInferRequest>): Uint8Array {
  return ModelInferRequest.encode(oipRequest({ inputs, rawInputContents: [FOUR], ...fields })).finish();
}

function read(bytes: Uint8Array) {
  return readPlainRequest(bytes, new NameTable());
}

describe('readPlainRequest', () => {
  it('reads a request with raw contents, which stay views of the bytes', () => {
    const bytes = bytesOf({ modelVersion: '3', id: 'r7', outputs: [{ name: 'y', parameters: {} }] });
    const request = read(bytes);
    expect(request).toEqual({
      model: 'm',
      version: { kind: 'version', version: '3' },
      requestId: 'r7',
      inputs: [{ name: 'x', datatype: 'FP32', shape: [1, 1], data: FOUR }],
      outputNames: ['y'],
      priority: 0,
      queueTimeoutUs: 0,
    });
    expect(request?.inputs[0]?.data.buffer).toBe(bytes.buffer);
  });

  it('reads a message without anything', () => {
    expect(read(new Uint8Array(0))).toMatchObject({ model: '', version: { kind: 'newest' }, inputs: [], outputNames: [] });
  });

  it('takes the last of a field that comes twice', () => {
    const bytes = Buffer.concat([bytesOf({ modelName: 'first', id: 'a' }), bytesOf({ modelName: 'second', id: 'b' })]);
    expect(read(bytes)).toMatchObject({ model: 'second', requestId: 'b', inputs: [{ data: FOUR }, { data: FOUR }] });
  });

  it.each([
    ['parameters of its own', bytesOf({ parameters })],
    ['parameters of an input', bytesOf({ inputs: [oipInput({ parameters })] })],
    ['parameters of an output', bytesOf({ outputs: [{ name: 'y', parameters }] })],
    ['typed contents', bytesOf({ inputs: [oipInput({ contents: contents({ fp32Contents: [1] }) })], rawInputContents: [] })],
    ['fewer raw contents than inputs', bytesOf({ inputs: [...inputs, ...inputs] })],
    ['more raw contents than inputs', bytesOf({ rawInputContents: [FOUR, FOUR] })],
    ['raw contents before their inputs', Buffer.concat([bytesOf({ inputs: [] }), bytesOf({ rawInputContents: [] })])],
    ['a datatype that is none', bytesOf({ inputs: [oipInput({ datatype: 'FP31' })] })],
    ['a version that is none', bytesOf({ modelVersion: '0' })],
    ['a negative dimension', bytesOf({ inputs: [oipInput({ shape: [-1n] })] })],
    ['a dimension beyond the safe integers', bytesOf({ inputs: [oipInput({ shape: [2n ** 53n] })] })],
    ['a text that is not ASCII', bytesOf({ modelName: 'ä' })],
    ['a long version', bytesOf({ modelVersion: '1'.repeat(65) })],
    ['a long id', bytesOf({ id: 'x'.repeat(65) })],
    ['an output whose name is not ASCII', bytesOf({ outputs: [{ name: 'ä', parameters: {} }] })],
    ['an input whose name is not ASCII', bytesOf({ inputs: [oipInput({ name: 'ä' })] })],
    [
      'more names than are allowed',
      bytesOf({ outputs: Array.from({ length: MAX_DESCRIPTION_BYTES / 4 }, () => ({ name: 'yy', parameters: {} })) }),
    ],
    ['a text that is malformed and comes again', Buffer.concat([Uint8Array.of(0x0a, 1, 0xff), bytesOf({})])],
    ['an end in the middle', bytesOf({}).subarray(0, -1)],
    ['an unknown field', Buffer.concat([bytesOf({}), Uint8Array.of(0x7a, 0)])],
  ])('leaves a request with %s to the generated code', (_what, bytes) => {
    expect(read(bytes)).toBeUndefined();
  });
});
