import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { parseInferRequest } from '../../src/client/request-json.js';
import { InferRequest } from '../../src/gen/millrace/v1/inference.js';

const bytes = fc.uint8Array({ maxLength: 20 });
const int64 = fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n });
const uint64 = fc.bigInt({ min: 0n, max: 2n ** 64n - 1n });
/** JSON has no negative zero. */
const withoutNegativeZero = (value: number) => (value === 0 ? 0 : value);
const list = <T>(element: fc.Arbitrary<T>) => fc.array(element, { maxLength: 5 });

const tensor = fc.record({
  name: fc.string(),
  datatype: fc.constantFrom(1, 7, 9, 11, 12, 13, 14) as fc.Arbitrary<1>,
  shape: list(fc.bigInt({ min: 0n, max: 2n ** 40n })),
  raw: fc.option(bytes, { nil: undefined }),
  bools: list(fc.boolean()),
  ints: list(int64),
  uints: list(uint64),
  floats: list(fc.float().map(withoutNegativeZero)),
  doubles: list(fc.double().map(withoutNegativeZero)),
  strings: list(fc.string()),
  bytesList: list(bytes),
});

const request = fc.record({
  model: fc.string(),
  version: fc.string(),
  requestId: fc.string(),
  inputs: list(tensor),
  outputNames: list(fc.string()),
  parameters: fc.constant({}),
  priority: fc.nat(10),
  outputEncoding: fc.constantFrom(0, 1, 2) as fc.Arbitrary<0>,
});

describe('parseInferRequest', () => {
  it('reads back every request that proto3 JSON can say', () => {
    fc.assert(
      fc.property(request, (message) => {
        const json: unknown = JSON.parse(JSON.stringify(InferRequest.toJSON(message)));
        expect(InferRequest.encode(parseInferRequest(json)).finish()).toEqual(InferRequest.encode(message).finish());
      }),
    );
  });

  it('refuses anything else with a RequestError and never with another', () => {
    fc.assert(
      fc.property(fc.jsonValue(), fc.constantFrom('inputs', 'model', 'parameters', 'priority', 'outputEncoding'), (value, field) => {
        for (const json of [value, { [field]: value }, { inputs: [value] }, { inputs: [{ floats: value, shape: value }] }]) {
          try {
            parseInferRequest(json);
          } catch (error) {
            expect(error).toMatchObject({ name: 'RequestError' });
          }
        }
      }),
    );
  });
});
