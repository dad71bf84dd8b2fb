import { describe, expect, it } from '@jest/globals';
import { SystemSharedMemoryStatusResponse } from '../../../src/gen/inference/shared_memory.js';
import { formatSystemSharedMemoryStatus, parseSystemSharedMemoryRegister } from '../../../src/wire/oip-shared-memory.js';
import { servingErrorOf } from '../../support/wire-messages.js';

describe('parseSystemSharedMemoryRegister', () => {
  it('carries the region over', () => {
    const message = { name: 'r', key: '/k', offset: 4n, byteSize: BigInt(Number.MAX_SAFE_INTEGER) };
    expect(parseSystemSharedMemoryRegister(message)).toEqual({ name: 'r', key: '/k', offset: 4, byteSize: Number.MAX_SAFE_INTEGER });
  });

  it.each([
    ['offset', { offset: 2n ** 64n - 8n }],
    ['byte_size', { byteSize: 2n ** 53n }],
  ])('refuses an %s that is a wrapped negative number or too large', (field, given) => {
    const { code, message } = servingErrorOf(() =>
      parseSystemSharedMemoryRegister({ name: 'r', key: '/k', offset: 0n, byteSize: 8n, ...given }),
    );
    expect(code).toBe('invalid_request');
    expect(message).toContain(`failed to register shared memory region 'r': invalid args: ${field} must be at most 9007199254740991`);
  });
});

describe('formatSystemSharedMemoryStatus', () => {
  it('tells of regions by name, whatever their names', () => {
    const regions = ['r', '__proto__'].map((name) => ({ name, key: '/k', offset: 4, byteSize: 8 }));
    const message = SystemSharedMemoryStatusResponse.encode(formatSystemSharedMemoryStatus(regions)).finish();
    expect(Buffer.from(message).toString('latin1')).toContain('__proto__');
    expect(formatSystemSharedMemoryStatus(regions).regions['r']).toEqual({ name: 'r', key: '/k', offset: 4n, byteSize: 8n });
    expect(formatSystemSharedMemoryStatus([])).toEqual({ regions: {} });
  });
});
