import { describe, expect, it } from '@jest/globals';
import { ServingError } from '../../../src/error/serving-error.js';
import type { InferParameter } from '../../../src/gen/inference/infer.js';
import { parseClassCounts } from '../../../src/wire/oip-classification.js';

type Choice = InferParameter['parameterChoice'];

function output(name: string, choice: Choice, more: Record<string, InferParameter> = {}) {
  return { name, parameters: { classification: { parameterChoice: choice }, ...more } };
}

const plain = { name: 'plain', parameters: {} };
const three: Choice = { $case: 'int64Param', value: 3n };

function refusal(choice: Choice, more: Record<string, InferParameter> = {}): string {
  try {
    parseClassCounts([plain, output('y', choice, more)]);
  } catch (error) {
    if (error instanceof ServingError && error.code === 'invalid_request') return error.message;
    throw error;
  }
  return 'accepted';
}

describe('parseClassCounts', () => {
  it('makes nothing where nobody asks for classes', () => {
    expect(parseClassCounts([])).toBeUndefined();
    expect(parseClassCounts([plain, plain])).toBeUndefined();
  });

  it('reads the count of each output that has one, in either integer form', () => {
    const counts = parseClassCounts([output('a', three), plain, output('b', { $case: 'uint64Param', value: 2n ** 64n - 1n })]);
    expect([...(counts ?? [])]).toEqual([
      ['a', 3],
      ['b', 2 ** 64],
    ]);
  });

  it.each([
    undefined,
    { $case: 'stringParam', value: '3' },
    { $case: 'boolParam', value: true },
    { $case: 'doubleParam', value: 3 },
  ] satisfies Choice[])('refuses %p, which is no integer', (choice) => {
    expect(refusal(choice)).toBe("invalid value type for 'classification' parameter, expected int64_param: output 'y'");
  });

  it.each([0n, -1n])('refuses a count of %p', (value) => {
    const text = `invalid value for 'classification' parameter, expected > 0, got ${value} for output 'y'`;
    expect(refusal({ $case: 'int64Param', value })).toBe(text);
  });

  it('refuses classes in shared memory, whose length nobody knows beforehand', () => {
    const region = { shared_memory_region: { parameterChoice: { $case: 'stringParam', value: 'r' } } } as const;
    expect(refusal(three, region)).toBe("output can't set both 'shared_memory_region' and 'classification': 'y'");
  });
});
