import { quote } from '../error/quote.js';
import { invalidRequest } from '../error/serving-error.js';
import type { SystemSharedMemoryRegisterRequest, SystemSharedMemoryStatusResponse } from '../gen/inference/shared_memory.js';

/** A part of a shared memory object, by a name that requests use. Both numbers are safe non-negative integers. */
export interface NamedRegion {
  readonly name: string;
  readonly key: string;
  readonly offset: number;
  readonly byteSize: number;
}

/** Throws `invalid_request` for a number that no object is as large as; a negative one that a client wrapped is such a number too. */
export function parseSystemSharedMemoryRegister({ name, key, offset, byteSize }: SystemSharedMemoryRegisterRequest): NamedRegion {
  return { name, key, offset: parseSize('offset', offset, name), byteSize: parseSize('byte_size', byteSize, name) };
}

export function formatSystemSharedMemoryStatus(regions: readonly NamedRegion[]): SystemSharedMemoryStatusResponse {
  const entries = regions.map(({ name, key, offset, byteSize }) => {
    return [name, { name, key, offset: BigInt(offset), byteSize: BigInt(byteSize) }] as const;
  });
  return { regions: Object.fromEntries(entries) };
}

function parseSize(field: string, size: bigint, region: string): number {
  if (size <= Number.MAX_SAFE_INTEGER) return Number(size);
  throw invalidRequest(
    `failed to register shared memory region ${quote(region)}: invalid args: ${field} must be at most ${Number.MAX_SAFE_INTEGER}, got ${size}`,
  );
}
