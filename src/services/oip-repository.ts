import { ServingError } from '../error/serving-error.js';
import { GRPCInferenceServiceDefinition } from '../gen/inference/grpc_service.js';
import type {
  RepositoryIndexRequest,
  RepositoryIndexResponse,
  RepositoryModelLoadRequest,
  RepositoryModelLoadResponse,
  RepositoryModelUnloadRequest,
  RepositoryModelUnloadResponse,
} from '../gen/inference/repository.js';
import type { Call, Method } from '../grpc/call.js';
import type { ControlPlane } from '../serving/control-plane.js';
import { formatRepositoryIndex, loadErrorOf, parseModelLoad, parseModelUnload, parseRepositoryIndex } from '../wire/oip-repository.js';
import { methodOf } from './method.js';

/** RepositoryIndex, RepositoryModelLoad and RepositoryModelUnload of `inference.GRPCInferenceService`. */
export function repositoryMethods(control: ControlPlane): Method[] {
  const { repositoryIndex, repositoryModelLoad, repositoryModelUnload } = GRPCInferenceServiceDefinition.methods;
  const index: Method<RepositoryIndexRequest, RepositoryIndexResponse> = {
    ...methodOf(GRPCInferenceServiceDefinition, repositoryIndex),
    kind: 'unary',
    admission: 'open',
    handle: async (message, { signal }) => formatRepositoryIndex(await control.index(parseRepositoryIndex(message), signal)),
  };
  const load: Method<RepositoryModelLoadRequest, RepositoryModelLoadResponse> = {
    ...methodOf(GRPCInferenceServiceDefinition, repositoryModelLoad),
    kind: 'unary',
    admission: 'open',
    handle: (message, call) => loadModel(control, message, call),
  };
  const unload: Method<RepositoryModelUnloadRequest, RepositoryModelUnloadResponse> = {
    ...methodOf(GRPCInferenceServiceDefinition, repositoryModelUnload),
    kind: 'unary',
    admission: 'open',
    handle: async (message, call) => {
      control.authorize(call);
      await control.unload(parseModelUnload(message), call);
      return {};
    },
  };
  return [index, load, unload];
}

async function loadModel(control: ControlPlane, message: RepositoryModelLoadRequest, call: Call): Promise<RepositoryModelLoadResponse> {
  control.authorize(call);
  const { model, overrides } = parseModelLoad(message);
  try {
    await (overrides === undefined ? control.load(model, call) : control.loadWith(model, overrides, call));
    return {};
  } catch (error) {
    throw loadErrorOf(ServingError.from(error), model);
  }
}
