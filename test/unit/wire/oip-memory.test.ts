import { describe, expect, it } from '@jest/globals';
import type { ModelInferRequest } from '../../../src/gen/inference/infer.js';
import type { TensorMemory } from '../../../src/model/tensor-memory.js';
import { parseInputMemory, parseOutputMemory, placeOutput, readInput } from '../../../src/wire/oip-memory.js';
import { FakeTensorMemory } from '../../support/fake-tensor-memory.js';
import { memoryParameters } from '../../support/memory-parameters.js';
import { contents, oipInput, oipRequest, servingErrorOf } from '../../support/wire-messages.js';

const EIGHT = Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8);

function inMemory(name: string, byteSize: bigint) {
  return oipInput({ name, parameters: memoryParameters('r', byteSize) });
}

describe('parseInputMemory', () => {
  const memory = new FakeTensorMemory({ r: EIGHT }, 100);
  const parse = (fields: Partial<ModelInferRequest>, given: TensorMemory | undefined = memory) =>
    parseInputMemory(oipRequest(fields), given);

  it('finds nothing where no input names a region', () => {
    expect(parse({})).toBeUndefined();
    expect(parse({ inputs: [oipInput(), oipInput()] })).toBeUndefined();
    expect(parseInputMemory(oipRequest({ inputs: [oipInput()] }), undefined)).toBeUndefined();
  });

  it('finds the inputs that do, and what they hold together, and reads nothing', () => {
    const inputs = [inMemory('a', 60n), oipInput({ name: 'b' }), inMemory('c', 40n)];
    const found = parse({ inputs });
    expect(found?.byteSize).toBe(100);
    expect([...(found?.ranges.keys() ?? [])].map(({ name }) => name)).toEqual(['a', 'c']);
    expect(memory.reads).toEqual([]);
  });

  it('refuses more than one request may have read, in sum', () => {
    expect(servingErrorOf(() => parse({ inputs: [inMemory('a', 60n), inMemory('b', 41n)] }))).toMatchObject({
      code: 'too_large',
      message: "the request's inputs hold 101 bytes of shared memory, more than the 100 that this server reads for one request",
    });
    const many = Array.from({ length: 1000 }, (_, at) => inMemory(String(at), BigInt(Number.MAX_SAFE_INTEGER)));
    expect(servingErrorOf(() => parse({ inputs: many })).code).toBe('too_large');
    expect(memory.reads).toEqual([]);
  });

  it('refuses contents beside it', () => {
    const inputs = [oipInput({ parameters: memoryParameters('r', 4n), contents: contents() })];
    expect(servingErrorOf(() => parse({ inputs }))).toMatchObject({
      code: 'invalid_request',
      message: "unexpected 'content' provided when using shared memory for input tensor 'x' for model 'm'",
    });
  });

  it('is unsupported where there is no shared memory', () => {
    const request = oipRequest({ inputs: [inMemory('a', 4n)], outputs: [{ name: 'y', parameters: memoryParameters('r', 4n) }] });
    expect(servingErrorOf(() => parseInputMemory(request, undefined))).toMatchObject({
      code: 'unsupported',
      message: expect.stringContaining("input 'a'"),
    });
    expect(servingErrorOf(() => parseOutputMemory(request, undefined))).toMatchObject({
      code: 'unsupported',
      message: expect.stringContaining("output 'y'"),
    });
  });
});

describe('readInput', () => {
  const range = { region: 'r', offset: 0, byteSize: 8 };
  const read = (datatype: 'FP32' | 'BYTES', shape: number[], memory: TensorMemory, id = '') =>
    readInput({ name: 'x', datatype, shape }, range, memory, oipRequest({ id }));

  it('reads as many bytes as the shape says', () => {
    expect(read('FP32', [2], new FakeTensorMemory({ r: EIGHT }))).toEqual(EIGHT);
  });

  it.each([
    [[1], 4],
    [[3], 12],
    [[0], 0],
  ])("refuses %j elements of FP32 in 8 bytes before it reads them, in Triton's words", (shape, expected) => {
    const memory = new FakeTensorMemory({ r: EIGHT });
    expect(servingErrorOf(() => read('FP32', shape, memory, 'r1'))).toMatchObject({
      code: 'invalid_request',
      message: `[request id: r1] input byte size mismatch for input 'x' for model 'm'. Expected ${expected}, got 8`,
    });
    expect(memory.reads).toEqual([]);
  });

  it('leaves to validation how many elements of BYTES there are, and a shape that cannot be counted', () => {
    expect(read('BYTES', [9], new FakeTensorMemory({ r: EIGHT }))).toEqual(EIGHT);
    expect(read('FP32', [Number.MAX_SAFE_INTEGER, 2], new FakeTensorMemory({ r: EIGHT }))).toEqual(EIGHT);
  });
});

describe('outputs in shared memory', () => {
  const output = (name: string, size?: bigint) => ({ name, parameters: size === undefined ? {} : memoryParameters('r', size, 2n) });
  const tensor = (name: string, ...data: number[]) =>
    ({ name, datatype: 'UINT8', shape: [data.length], data: Uint8Array.from(data) }) as const;

  it('are none where no output names a region', () => {
    expect(parseOutputMemory(oipRequest(), undefined)).toBeUndefined();
    expect(parseOutputMemory(oipRequest({ outputs: [output('y')] }), new FakeTensorMemory({}))).toBeUndefined();
  });

  it('are written to their places; the others stay in the message', () => {
    const region = new Uint8Array(8);
    const places = parseOutputMemory(oipRequest({ outputs: [output('y', 4n), output('z')] }), new FakeTensorMemory({ r: region }));
    if (places === undefined) throw new Error('there is no place');
    const beside = tensor('z', 9);
    expect(placeOutput(tensor('y', 1, 2, 3), places)).toHaveLength(0);
    expect(placeOutput(beside, places)).toBe(beside.data);
    expect([...region]).toEqual([0, 0, 1, 2, 3, 0, 0, 0]);
    expect(placeOutput(tensor('y'), places)).toHaveLength(0);
  });

  it("are refused where they do not fit, in Triton's words", () => {
    const region = new Uint8Array(8);
    const places = parseOutputMemory(oipRequest({ outputs: [output('y', 2n)] }), new FakeTensorMemory({ r: region })) ?? new Map();
    expect(servingErrorOf(() => placeOutput(tensor('y', 1, 2, 3), places))).toMatchObject({
      code: 'invalid_request',
      message: "shared memory size specified with the request for output 'y' (2 bytes) should be at least 3 bytes to hold the results",
    });
    expect([...region]).toEqual(Array(8).fill(0));
  });

  it('must be in a region that there is', () => {
    const request = oipRequest({ outputs: [output('y', 4n)] });
    expect(servingErrorOf(() => parseOutputMemory(request, new FakeTensorMemory({}))).code).toBe('not_found');
  });
});
