import { GRPCInferenceServiceDefinition } from '../gen/inference/grpc_service.js';
import type {
  SystemSharedMemoryRegisterRequest,
  SystemSharedMemoryRegisterResponse,
  SystemSharedMemoryStatusRequest,
  SystemSharedMemoryStatusResponse,
  SystemSharedMemoryUnregisterRequest,
  SystemSharedMemoryUnregisterResponse,
} from '../gen/inference/shared_memory.js';
import type { Method } from '../grpc/call.js';
import type { SharedMemory } from '../serving/shared-memory.js';
import { formatSystemSharedMemoryStatus, parseSystemSharedMemoryRegister } from '../wire/oip-shared-memory.js';
import { methodOf } from './method.js';
import { refusedMethod } from './refused-method.js';

const NO_CUDA = 'is not supported: models run on the CPU, so no CUDA device memory is shared with this server';
const NO_SYSTEM = 'is not supported: this system has no POSIX shared memory in /dev/shm';

/** SystemSharedMemory* and CudaSharedMemory* of `inference.GRPCInferenceService`. `memory` is undefined on a system that has none. */
export function sharedMemoryMethods(memory: SharedMemory | undefined): Method[] {
  const { cudaSharedMemoryStatus, cudaSharedMemoryRegister, cudaSharedMemoryUnregister } = GRPCInferenceServiceDefinition.methods;
  const cuda = [cudaSharedMemoryStatus, cudaSharedMemoryRegister, cudaSharedMemoryUnregister];
  return [...systemMethods(memory), ...cuda.map((method) => refusedMethod(pathOf(method), NO_CUDA))];
}

function systemMethods(memory: SharedMemory | undefined): Method[] {
  const { systemSharedMemoryStatus, systemSharedMemoryRegister, systemSharedMemoryUnregister } = GRPCInferenceServiceDefinition.methods;
  if (memory === undefined) {
    const system = [systemSharedMemoryStatus, systemSharedMemoryRegister, systemSharedMemoryUnregister];
    return system.map((method) => refusedMethod(pathOf(method), NO_SYSTEM));
  }
  const status: Method<SystemSharedMemoryStatusRequest, SystemSharedMemoryStatusResponse> = {
    ...methodOf(GRPCInferenceServiceDefinition, systemSharedMemoryStatus),
    kind: 'unary',
    admission: 'open',
    handle: async ({ name }) => formatSystemSharedMemoryStatus(memory.status(name)),
  };
  const register: Method<SystemSharedMemoryRegisterRequest, SystemSharedMemoryRegisterResponse> = {
    ...methodOf(GRPCInferenceServiceDefinition, systemSharedMemoryRegister),
    kind: 'unary',
    admission: 'open',
    handle: async (message, { peer }) => {
      memory.authorize(peer);
      memory.register(parseSystemSharedMemoryRegister(message), peer);
      return {};
    },
  };
  const unregister: Method<SystemSharedMemoryUnregisterRequest, SystemSharedMemoryUnregisterResponse> = {
    ...methodOf(GRPCInferenceServiceDefinition, systemSharedMemoryUnregister),
    kind: 'unary',
    admission: 'open',
    handle: async ({ name }, { peer }) => {
      memory.unregister(name, peer);
      return {};
    },
  };
  return [status, register, unregister];
}

function pathOf({ name }: { readonly name: string }): string {
  return `/${GRPCInferenceServiceDefinition.fullName}/${name}`;
}
