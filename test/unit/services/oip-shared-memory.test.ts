import { describe, expect, it } from '@jest/globals';
import type { Service } from '../../../src/grpc/call.js';
import { sharedMemoryMethods } from '../../../src/services/oip-shared-memory.js';
import type { ControlAccess } from '../../../src/serving/control-guard.js';
import { SharedMemory } from '../../../src/serving/shared-memory.js';
import { oipStatusOf } from '../../../src/wire/status.js';
import { FakeSendingCall } from '../../support/fake-sending-call.js';
import { MemoryObject } from '../../support/memory-object.js';
import { ModelDirectory } from '../../support/model-directory.js';
import { findMethod } from '../../support/service-methods.js';

const SYSTEM = ['SystemSharedMemoryStatus', 'SystemSharedMemoryRegister', 'SystemSharedMemoryUnregister'];
const CUDA = ['CudaSharedMemoryStatus', 'CudaSharedMemoryRegister', 'CudaSharedMemoryUnregister'];

function serviceOf(memory: SharedMemory | undefined): Service {
  return { name: 'inference.GRPCInferenceService', methods: sharedMemoryMethods(memory), statusOf: oipStatusOf('grpc') };
}

function call(service: Service, name: string, message: object): Promise<unknown> {
  return findMethod(service, name, 'unary').handle(message, new FakeSendingCall());
}

function refusalOf(service: Service, name: string): Promise<unknown> {
  const nothing: AsyncIterable<unknown> = {
    [Symbol.asyncIterator]: () => ({ next: () => Promise.resolve({ done: true, value: undefined }) }),
  };
  return findMethod(service, name, 'bidi').handle(nothing, new FakeSendingCall());
}

async function openRig(access: ControlAccess) {
  const directory = await ModelDirectory.create({});
  const object = new MemoryObject(new Uint8Array(16), directory.path);
  const memory = new SharedMemory({ directory: directory.path, access, maxReadBytes: 100 });
  return {
    region: { name: 'r', key: object.key, offset: 4n, byteSize: 8n },
    service: serviceOf(memory),
    [Symbol.asyncDispose]: () => {
      memory[Symbol.dispose]();
      return directory[Symbol.asyncDispose]();
    },
  };
}

describe('sharedMemoryMethods', () => {
  it('are no inference: the door lets them in', () => {
    const { methods } = serviceOf(new SharedMemory({ directory: '/', access: 'on', maxReadBytes: 1 }));
    expect(methods.map(({ path }) => path.slice(path.lastIndexOf('/') + 1))).toEqual([...SYSTEM, ...CUDA]);
    expect(new Set(methods.map(({ admission }) => admission))).toEqual(new Set(['open']));
  });

  it('register, tell of and unregister regions', async () => {
    await using rig = await openRig('on');
    const { region, service } = rig;
    expect(await call(service, 'SystemSharedMemoryRegister', region)).toEqual({});
    expect(await call(service, 'SystemSharedMemoryStatus', { name: '' })).toEqual({ regions: { r: region } });
    expect(await call(service, 'SystemSharedMemoryStatus', { name: 'r' })).toEqual({ regions: { r: region } });
    await expect(call(service, 'SystemSharedMemoryStatus', { name: 'x' })).rejects.toMatchObject({ code: 'not_found' });
    expect(await call(service, 'SystemSharedMemoryUnregister', { name: 'r' })).toEqual({});
    expect(await call(service, 'SystemSharedMemoryStatus', { name: '' })).toEqual({ regions: {} });
  });

  it('refuse changes for who may not, whatever the message says, and tell of themselves all the same', async () => {
    await using rig = await openRig('off');
    const { region, service } = rig;
    const bad = { ...region, offset: 2n ** 64n - 1n };
    await expect(call(service, 'SystemSharedMemoryRegister', bad)).rejects.toMatchObject({ code: 'permission_denied' });
    await expect(call(service, 'SystemSharedMemoryUnregister', { name: '' })).rejects.toMatchObject({ code: 'permission_denied' });
    expect(await call(service, 'SystemSharedMemoryStatus', { name: '' })).toEqual({ regions: {} });
  });

  it.each(CUDA)('say why there is no %s', async (name) => {
    await expect(refusalOf(serviceOf(undefined), name)).rejects.toMatchObject({
      code: 'unsupported',
      message: `${name} is not supported: models run on the CPU, so no CUDA device memory is shared with this server`,
    });
  });

  it.each(SYSTEM)('say why there is no %s on a system without shared memory', async (name) => {
    await expect(refusalOf(serviceOf(undefined), name)).rejects.toMatchObject({
      code: 'unsupported',
      message: `${name} is not supported: this system has no POSIX shared memory in /dev/shm`,
    });
  });
});
