import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { quote } from '../error/quote.js';
import { invalidRequest, ServingError } from '../error/serving-error.js';
import type { MemoryRange, OutputMemory, TensorMemory } from '../model/tensor-memory.js';
import { assertMayControl, type ControlAccess, type Requester } from './control-guard.js';
import { openRegionFile, type RegionFile } from './region-file.js';
import { fileNameOf } from './region-key.js';

export interface SharedMemoryOptions {
  /** Where the system keeps POSIX shared memory objects. */
  readonly directory: string;
  readonly access: ControlAccess;
  /** What the inputs of one request may hold in shared memory. */
  readonly maxReadBytes: number;
  readonly openFile?: (path: string) => RegionFile;
}

/** A part of a shared memory object, by a name that requests use. Both numbers are safe non-negative integers. */
export interface RegionDescription {
  readonly name: string;
  readonly key: string;
  readonly offset: number;
  readonly byteSize: number;
}

interface Region extends RegionDescription {
  readonly file: RegionFile;
}

/** Each holds a file descriptor; far fewer than a process may have open. */
export const MAX_REGIONS = 1024;
/** Names are kept as long as their regions are. */
const MAX_NAME_BYTES = 255;
/** Node reads no more at one time. */
const MAX_READ_BYTES = 2 ** 31 - 1;

/** Where this system keeps POSIX shared memory objects; undefined where it has no such place. */
export function sharedMemoryDirectory(platform: NodeJS.Platform = process.platform, directory = '/dev/shm'): string | undefined {
  return platform === 'linux' && existsSync(directory) ? directory : undefined;
}

/**
 * Memory of other processes that clients have registered by name. Every object's descriptor is open as long as its region is registered. Errors name
 * regions and keys only as the caller gave them.
 */
export class SharedMemory implements TensorMemory, Disposable {
  readonly maxReadBytes: number;
  readonly #directory: string;
  readonly #access: ControlAccess;
  readonly #openFile: (path: string) => RegionFile;
  readonly #regions = new Map<string, Region>();

  constructor({ directory, access, maxReadBytes, openFile = openRegionFile }: SharedMemoryOptions) {
    this.maxReadBytes = Math.min(maxReadBytes, MAX_READ_BYTES);
    this.#directory = directory;
    this.#access = access;
    this.#openFile = openFile;
  }

  /** Whether the caller may register and unregister at all; for facades that have more to say of a message. Throws `permission_denied`. */
  authorize(requester: Requester): void {
    assertMayControl(this.#access, requester);
  }

  /**
   * Throws `permission_denied`; `already_exists` for a name that is taken; `invalid_request` for one that cannot be used, for a key that is not one plain name and for a range that is
   * not inside the object; `too_large` beyond MAX_REGIONS; `backend_failed`, as Triton does, for an object that cannot be opened, whatever the reason.
   */
  register(description: RegionDescription, requester: Requester): void {
    this.authorize(requester);
    const { name, key } = description;
    assertName(name);
    const fileName = fileNameOf(key, name);
    if (this.#regions.has(name)) throw new ServingError('already_exists', `shared memory region ${quote(name)} already in manager`);
    if (this.#regions.size >= MAX_REGIONS) throw tooManyRegions();
    const file = this.#open(fileName, key);
    try {
      assertInside(description, file.byteSize);
    } catch (error) {
      file[Symbol.dispose]();
      throw error;
    }
    this.#regions.set(name, { ...description, file });
  }

  /** All regions where `name` is empty. A name that is not registered is no error: it is so afterwards. Throws `permission_denied`. */
  unregister(name: string, requester: Requester): void {
    this.authorize(requester);
    if (name === '') this[Symbol.dispose]();
    else this.#close(name);
  }

  /** All regions where `name` is empty; open to everybody. Throws `not_found` for a name that is not registered. */
  status(name: string): readonly RegionDescription[] {
    if (name === '') return [...this.#regions.values()];
    const region = this.#regions.get(name);
    if (region === undefined) throw new ServingError('not_found', `Unable to find system shared memory region: ${quote(name)}`);
    return [region];
  }

  read(range: MemoryRange): Uint8Array {
    const region = this.#find(range);
    const data = attempt(region, 'read', () => region.file.read(region.offset + range.offset, range.byteSize));
    if (data === undefined) throw shrunk(region);
    return data;
  }

  reserve(range: MemoryRange): OutputMemory {
    const region = this.#find(range);
    return { byteSize: range.byteSize, write: (data) => this.#write(region, range, data) };
  }

  /** Closes every region. Requests that were to write into one fail. */
  [Symbol.dispose](): void {
    for (const name of this.#regions.keys()) this.#close(name);
  }

  /** Another region of the same name is not the one that was meant. */
  #write(region: Region, range: MemoryRange, data: Uint8Array): void {
    const { name, file } = region;
    if (this.#regions.get(name) !== region) {
      throw invalidRequest(`shared memory region ${quote(name)} was unregistered before the output was written`);
    }
    const start = region.offset + range.offset;
    attempt(region, 'written', () => {
      // Beyond its end a write would make the object larger again.
      if (BigInt(start + data.length) > file.byteSize) throw shrunk(region);
      file.write(start, data);
    });
  }

  #find({ region: name, offset, byteSize }: MemoryRange): Region {
    const region = this.#regions.get(name);
    if (region === undefined) throw new ServingError('not_found', `Unable to find shared memory region: ${quote(name)}`);
    if (offset >= region.byteSize) throw invalidRequest(`Invalid offset for shared memory region: ${quote(name)}`);
    if (byteSize > region.byteSize - offset) throw invalidRequest(`Invalid offset + byte size for shared memory region: ${quote(name)}`);
    return region;
  }

  #open(fileName: string, key: string): RegionFile {
    try {
      return this.#openFile(join(this.#directory, fileName));
    } catch (error) {
      throw new ServingError('backend_failed', `Unable to open shared memory region: ${quote(key)}`, undefined, error);
    }
  }

  #close(name: string): void {
    const region = this.#regions.get(name);
    this.#regions.delete(name);
    region?.file[Symbol.dispose]();
  }
}

function assertName(name: string): void {
  const bytes = Buffer.byteLength(name);
  if (bytes > 0 && bytes <= MAX_NAME_BYTES) return;
  throw invalidRequest(`the name of a shared memory region must have 1 to ${MAX_NAME_BYTES} bytes, got ${bytes}: ${quote(name)}`);
}

function assertInside({ name, offset, byteSize }: RegionDescription, size: bigint): void {
  const end = offset + byteSize;
  if (byteSize > 0 && Number.isSafeInteger(end) && BigInt(end) <= size) return;
  const problem = byteSize === 0 ? 'byte_size must be at least 1' : `offset ${offset} + byte_size ${byteSize} lies beyond the end`;
  throw invalidRequest(`failed to register shared memory region ${quote(name)}: invalid args: ${problem}`);
}

function attempt<T>({ name }: RegionDescription, what: 'read' | 'written', act: () => T): T {
  try {
    return act();
  } catch (error) {
    if (error instanceof ServingError) throw error;
    throw new ServingError('backend_failed', `shared memory region ${quote(name)} could not be ${what}`, undefined, error);
  }
}

function shrunk({ name }: RegionDescription): ServingError {
  return invalidRequest(`shared memory region ${quote(name)} has become smaller than it was when it was registered`);
}

function tooManyRegions(): ServingError {
  return new ServingError('too_large', `${MAX_REGIONS} shared memory regions are registered, which is this server's limit`);
}
