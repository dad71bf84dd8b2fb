import { describe, expect, it } from '@jest/globals';
import { parseInferRequest, parseInferStreamRequest } from '../../../src/client/request-json.js';

const tensor = (fields: object) => ({ inputs: [{ name: 'x', datatype: 'DATATYPE_FP32', shape: ['2'], ...fields }] });

describe('parseInferRequest', () => {
  it('reads every field, in camelCase and in snake_case', () => {
    const camel = {
      model: 'm',
      version: '1',
      requestId: 'r',
      outputNames: ['a'],
      parameters: { a: 1, b: 'x' },
      priority: 2,
      outputEncoding: 'OUTPUT_ENCODING_RAW',
      inputs: [{ name: 'x', datatype: 'DATATYPE_BYTES', shape: [1], bytesList: ['aGk='] }],
    };
    const { requestId, outputNames, outputEncoding, inputs, ...others } = camel;
    const snake = {
      ...others,
      request_id: requestId,
      output_names: outputNames,
      output_encoding: outputEncoding,
      inputs: inputs.map(({ bytesList, ...rest }) => ({ ...rest, bytes_list: bytesList })),
    };
    const request = parseInferRequest(camel);
    expect(request).toEqual(parseInferRequest(snake));
    expect(request).toMatchObject({ requestId: 'r', outputEncoding: 1, priority: 2, parameters: { a: 1, b: 'x' } });
    expect(request.inputs[0]).toMatchObject({ datatype: 13, shape: [1n], bytesList: [Uint8Array.of(0x68, 0x69)] });
  });

  it('reads integers of any size from numbers and texts, and floats that JSON cannot write', () => {
    expect(parseInferRequest(tensor({ ints: [1, '-9223372036854775808'] })).inputs[0]?.ints).toEqual([1n, -(2n ** 63n)]);
    expect(parseInferRequest(tensor({ floats: [1.5, '2e3', 'NaN', '-Infinity'] })).inputs[0]?.floats).toEqual([
      1.5,
      2000,
      Number.NaN,
      Number.NEGATIVE_INFINITY,
    ]);
  });

  it('refuses integers that JSON has rounded, and takes them as texts', () => {
    const rounded: unknown = JSON.parse('{"inputs": [{"ints": [9007199254740991, 9007199254740993]}]}');
    expect(() => parseInferRequest(rounded)).toThrow(
      'inputs[0].ints[1]: 9007199254740992 is beyond what a JSON number can say exactly: write it as a text',
    );
    expect(() => parseInferRequest(tensor({ shape: [2 ** 53] }))).toThrow('inputs[0].shape[0]: 9007199254740992 is beyond');
    expect(parseInferRequest(tensor({ ints: [-(2 ** 53) + 1, '9007199254740993'] })).inputs[0]?.ints).toEqual([
      -(2n ** 53n) + 1n,
      2n ** 53n + 1n,
    ]);
  });

  it('takes null for an absent field', () => {
    expect(parseInferRequest({ model: 'm', version: null }).version).toBe('');
  });

  it.each([
    [[], 'request: expected an object, given []'],
    [{ modl: 'm' }, 'modl: unknown field; there are model, version, '],
    [{ model: 7 }, 'model: expected a text, given 7'],
    [{ inputs: {} }, 'inputs: expected a list, given {}'],
    [tensor({ values: [1] }), 'inputs[0].values: unknown field'],
    [tensor({ shape: ['two'] }), 'inputs[0].shape[0]: expected an integer, given "two"'],
    [tensor({ floats: [1, 'x'] }), 'inputs[0].floats[1]: expected a number, given "x"'],
    [tensor({ bools: ['false'] }), 'inputs[0].bools[0]: expected true or false'],
    [tensor({ ints: [1.5] }), 'inputs[0].ints[0]: expected an integer'],
    [tensor({ raw: '***' }), 'inputs[0].raw: expected bytes in base64'],
    [tensor({ datatype: 'FP32' }), 'FP32'],
    [{ parameters: [] }, 'parameters: expected an object'],
    [{ rowsPerMessage: 4 }, 'rowsPerMessage: unknown field'],
    [{ ['to_string']: 1 }, 'to_string: unknown field'],
  ])('refuses %j by its place', (json, message) => {
    expect(() => parseInferRequest(json)).toThrow(
      expect.objectContaining({ name: 'RequestError', message: expect.stringContaining(message) }),
    );
  });
});

describe('parseInferStreamRequest', () => {
  it('reads what a stream has beside', () => {
    expect(parseInferStreamRequest({ rows_per_message: 4, ordering: 'ORDERING_AS_READY', onError: 'ON_ERROR_CONTINUE' })).toMatchObject({
      rowsPerMessage: 4,
      ordering: 2,
      onError: 2,
    });
  });
});
