import { ServingError } from '../error/serving-error.js';
import { GRPCInferenceServiceDefinition } from '../gen/inference/grpc_service.js';
import type { Method } from '../grpc/call.js';
import { parseVersionReference, type VersionReference } from '../model/id.js';
import type { DataPlane } from '../serving/data-plane.js';
import { formatModelConfig } from '../wire/model-config-format.js';
import { oipErrorOf } from '../wire/oip-request.js';
import { formatModelStatistics } from '../wire/oip-statistics.js';
import { methodOf } from './method.js';

interface VersionRequest {
  readonly name: string;
  readonly version: string;
}

/** ModelStatistics and ModelConfig: what a served version has done, and how it is configured. */
export function statisticsMethods(plane: DataPlane): Method[] {
  const { modelStatistics, modelConfig } = GRPCInferenceServiceDefinition.methods;
  const open = { admission: 'open', kind: 'unary' } as const;
  return [
    {
      ...methodOf(GRPCInferenceServiceDefinition, modelStatistics),
      ...open,
      handle: (request: VersionRequest) => answer(request, (version) => formatModelStatistics(plane.statistics(request.name, version))),
    },
    {
      ...methodOf(GRPCInferenceServiceDefinition, modelConfig),
      ...open,
      handle: (request: VersionRequest) =>
        answer(request, (version) => ({ config: formatModelConfig(plane.describe(request.name, version).spec) })),
    },
  ];
}

async function answer<T>(request: VersionRequest, give: (version: VersionReference) => T): Promise<T> {
  const version = parseVersionReference(request.version);
  try {
    return give(version);
  } catch (error) {
    throw oipErrorOf(ServingError.from(error), version);
  }
}
