import { ServingError } from '../error/serving-error.js';
import { GRPCInferenceServiceDefinition } from '../gen/inference/grpc_service.js';
import { ModelInferRequest, type ModelInferResponse } from '../gen/inference/infer.js';
import type { Call, Method, Service } from '../grpc/call.js';
import { NEWEST, parseVersionReference, type VersionReference } from '../model/id.js';
import type { ControlPlane } from '../serving/control-plane.js';
import type { DataPlane } from '../serving/data-plane.js';
import type { Readiness } from '../serving/readiness.js';
import { createInferCodec } from '../wire/codec.js';
import { formatModelMetadata, formatServerMetadata } from '../wire/oip-metadata.js';
import { oipErrorOf, parseModelInferRequest } from '../wire/oip-request.js';
import { formatModelInferResponse, modelInferResponseCodec } from '../wire/oip-response.js';
import { MODEL_INFER_LAYOUT } from '../wire/request-bounds.js';
import { type OipStatusCodes, oipStatusOf } from '../wire/status.js';
import { methodOf } from './method.js';
import { repositoryMethods } from './oip-repository.js';
import { statisticsMethods } from './oip-statistics.js';
import { modelStreamInferMethod } from './oip-stream.js';

export interface OipOptions {
  /** Bytes of typed contents that one request may hold. */
  readonly maxTypedBytes: number;
  readonly statusCodes: OipStatusCodes;
  /** Of the package. */
  readonly version: string;
}

export interface OipPlanes {
  readonly data: DataPlane;
  readonly control: ControlPlane;
  readonly readiness: Readiness;
}

/** Protocol extensions that work in full; a client may rely on each of them. */
const EXTENSIONS = ['binary_tensor_data', 'parameters', 'schedule_policy', 'model_configuration', 'statistics'];

/** `inference.GRPCInferenceService`: the Open Inference Protocol v2 as Triton speaks it. RPCs that are not served answer UNIMPLEMENTED. */
export function oipService(planes: OipPlanes, options: OipOptions): Service {
  const served: Method[] = [
    ...stateMethods(planes, options),
    modelInferMethod(planes.data, options),
    modelStreamInferMethod(planes.data, options),
    ...repositoryMethods(planes.control),
    ...statisticsMethods(planes.data),
  ];
  const paths = new Set(served.map(({ path }) => path));
  const refused = Object.values(GRPCInferenceServiceDefinition.methods)
    .map(({ name }) => `/${GRPCInferenceServiceDefinition.fullName}/${name}`)
    .filter((path) => !paths.has(path));
  return {
    name: GRPCInferenceServiceDefinition.fullName,
    statusOf: oipStatusOf(options.statusCodes),
    methods: [...served, ...refused.map(refusedMethod)],
  };
}

function stateMethods({ data, readiness }: OipPlanes, { version }: OipOptions): Method[] {
  const { serverLive, serverReady, modelReady, serverMetadata, modelMetadata } = GRPCInferenceServiceDefinition.methods;
  const open = { admission: 'open', kind: 'unary' } as const;
  return [
    { ...methodOf(GRPCInferenceServiceDefinition, serverLive), ...open, handle: () => Promise.resolve({ live: true }) },
    {
      ...methodOf(GRPCInferenceServiceDefinition, serverReady),
      ...open,
      handle: () => Promise.resolve({ ready: readiness.report().ready }),
    },
    {
      ...methodOf(GRPCInferenceServiceDefinition, modelReady),
      ...open,
      handle: async (message: { name: string; version: string }) => {
        const reference = parseVersionReference(message.version);
        return withOipErrors(reference, () => ({ ready: readiness.modelReady(message.name, reference) }));
      },
    },
    {
      ...methodOf(GRPCInferenceServiceDefinition, serverMetadata),
      ...open,
      handle: () => Promise.resolve(formatServerMetadata('millrace', version, EXTENSIONS)),
    },
    {
      ...methodOf(GRPCInferenceServiceDefinition, modelMetadata),
      ...open,
      handle: async (message: { name: string; version: string }) => {
        const reference = parseVersionReference(message.version);
        return withOipErrors(reference, () => {
          const { spec, readyVersions } = data.describe(message.name, reference);
          return formatModelMetadata(spec, readyVersions);
        });
      },
    },
  ];
}

function modelInferMethod(plane: DataPlane, { maxTypedBytes }: OipOptions): Method<ModelInferRequest, ModelInferResponse> {
  return {
    ...methodOf(GRPCInferenceServiceDefinition, GRPCInferenceServiceDefinition.methods.modelInfer),
    request: createInferCodec(ModelInferRequest, MODEL_INFER_LAYOUT, maxTypedBytes),
    response: modelInferResponseCodec,
    admission: 'inference',
    kind: 'unary',
    handle: (message, call) => modelInfer(plane, message, call),
  };
}

async function modelInfer(plane: DataPlane, message: ModelInferRequest, call: Call): Promise<ModelInferResponse> {
  let version: VersionReference = NEWEST;
  try {
    const request = parseModelInferRequest(message);
    version = request.version;
    return formatModelInferResponse(request, await plane.infer(request, call));
  } catch (error) {
    throw oipErrorOf(ServingError.from(error), version);
  }
}

function withOipErrors<T>(version: VersionReference, answer: () => T): T {
  try {
    return answer();
  } catch (error) {
    throw oipErrorOf(ServingError.from(error), version);
  }
}

/** Answers before the body is looked at, whatever the RPC's kind. */
function refusedMethod(path: string): Method {
  const bytes = { encode: (message: Uint8Array) => message, decode: (message: Uint8Array) => message };
  const name = path.slice(path.lastIndexOf('/') + 1);
  const refusal = () => Promise.reject(new ServingError('unsupported', `${name} is not served by this version of Millrace`));
  return { path, request: bytes, response: bytes, admission: 'open', kind: 'bidi', handle: refusal };
}
