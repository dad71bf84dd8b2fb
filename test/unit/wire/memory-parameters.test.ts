import { describe, expect, it } from '@jest/globals';
import type { InferParameter } from '../../../src/gen/inference/infer.js';
import { parseMemoryRange } from '../../../src/wire/memory-parameters.js';
import { memoryParameters } from '../../support/memory-parameters.js';
import { servingErrorOf } from '../../support/wire-messages.js';

const REGION = 'shared_memory_region';
const OFFSET = 'shared_memory_offset';
const BYTE_SIZE = 'shared_memory_byte_size';

function integer(value: bigint): InferParameter {
  return { parameterChoice: { $case: 'int64Param', value } };
}

function refusal(parameters: Record<string, InferParameter>): string {
  const { code, message } = servingErrorOf(() => parseMemoryRange({ name: 'x', parameters }));
  expect(code).toBe('invalid_request');
  return message;
}

describe('parseMemoryRange', () => {
  it('reads a region, its byte size and its offset', () => {
    expect(parseMemoryRange({ name: 'x', parameters: memoryParameters('r', 8n, 4n) })).toEqual({ region: 'r', offset: 4, byteSize: 8 });
  });

  it('takes 0 for the offset where there is none', () => {
    expect(parseMemoryRange({ name: 'x', parameters: memoryParameters('r', 0n) })).toEqual({ region: 'r', offset: 0, byteSize: 0 });
  });

  it.each([{}, { classification: integer(3n), binary_data: { parameterChoice: { $case: 'boolParam' as const, value: true } } }])(
    'finds none in %j',
    (parameters) => {
      expect(parseMemoryRange({ name: 'x', parameters })).toBeUndefined();
    },
  );

  it('finds none in what an object inherits', () => {
    const parameters = Object.create({ ...memoryParameters('r', 8n) }) as Record<string, InferParameter>;
    expect(parseMemoryRange({ name: 'x', parameters })).toBeUndefined();
  });

  it.each([
    [REGION, 'string_param', integer(1n)],
    [REGION, 'string_param', { parameterChoice: undefined }],
    [OFFSET, 'int64_param', { parameterChoice: { $case: 'stringParam' as const, value: '0' } }],
    [BYTE_SIZE, 'int64_param', { parameterChoice: { $case: 'uint64Param' as const, value: 8n } }],
  ])('refuses a %s that is no %s', (parameter, expected, value) => {
    expect(refusal({ ...memoryParameters('r', 8n, 0n), [parameter]: value })).toBe(
      `invalid value type for '${parameter}' parameter for tensor 'x', expected ${expected}.`,
    );
  });

  it.each([OFFSET, BYTE_SIZE])('refuses a %s without a region', (parameter) => {
    expect(refusal({ [parameter]: integer(1n) })).toBe(`'${parameter}' can not be specified without '${REGION}' parameter for tensor 'x'`);
  });

  it('refuses a region without a byte size', () => {
    const { [REGION]: region } = memoryParameters('r', 8n);
    expect(refusal({ [REGION]: region ?? integer(0n) })).toBe(
      `'${BYTE_SIZE}' must be specified along with '${REGION}' parameter for tensor 'x'`,
    );
  });

  it.each([-1n, 2n ** 53n, 2n ** 63n - 1n])('refuses the number %i', (value) => {
    expect(refusal(memoryParameters('r', 8n, value))).toBe("Invalid offset for shared memory region: 'r'");
    expect(refusal(memoryParameters('r', value))).toBe("Invalid offset + byte size for shared memory region: 'r'");
  });
});
