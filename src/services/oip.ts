import { ServingError } from '../error/serving-error.js';
import { GRPCInferenceServiceDefinition } from '../gen/inference/grpc_service.js';
import type { Call, Method, Service } from '../grpc/call.js';
import { parseVersionReference, type VersionReference } from '../model/id.js';
import type { ControlPlane } from '../serving/control-plane.js';
import type { DataPlane } from '../serving/data-plane.js';
import type { Readiness } from '../serving/readiness.js';
import type { SharedMemory } from '../serving/shared-memory.js';
import { answerTo, encodeAnswer, type OipAnswer } from '../wire/oip-answer.js';
import { createModelInferDecoder, type ReceivedInfer } from '../wire/oip-decode.js';
import { formatModelMetadata, formatServerMetadata } from '../wire/oip-metadata.js';
import { inferErrorOf, oipErrorOf, parseModelInferRequest } from '../wire/oip-request.js';
import { type OipStatusCodes, oipStatusOf } from '../wire/status.js';
import { methodOf, pathOf } from './method.js';
import { type ForwardPattern, takeParameters } from './oip-parameters.js';
import { repositoryMethods } from './oip-repository.js';
import { type SettingsPlane, settingsMethods } from './oip-settings.js';
import { sharedMemoryMethods } from './oip-shared-memory.js';
import { statisticsMethods } from './oip-statistics.js';
import { modelStreamInferMethod } from './oip-stream.js';

export interface OipOptions {
  /** Bytes of typed contents that one request may hold. */
  readonly maxTypedBytes: number;
  readonly statusCodes: OipStatusCodes;
  readonly headerForwardPattern?: ForwardPattern;
  /** Of the package. */
  readonly version: string;
}

export interface OipPlanes {
  readonly data: DataPlane;
  readonly control: ControlPlane;
  readonly readiness: Readiness;
  readonly settings: SettingsPlane;
  /** Absent on a system that has none. */
  readonly memory?: SharedMemory | undefined;
}

/** Protocol extensions that a client may rely on; docs/reference/triton-compatibility.md says what of one is missing. */
const EXTENSIONS = [
  'binary_tensor_data',
  'parameters',
  'schedule_policy',
  'model_configuration',
  'model_repository',
  'statistics',
  'classification',
  'trace',
  'logging',
];

const NO_PARAMETERS = {};

/** `inference.GRPCInferenceService`: the Open Inference Protocol v2 as Triton speaks it. Every RPC is answered, if only with UNIMPLEMENTED. */
export function oipService(planes: OipPlanes, options: OipOptions): Service {
  const methods: Method[] = [
    ...stateMethods(planes, options),
    modelInferMethod(planes, options),
    modelStreamInferMethod(planes.data, options, planes.memory),
    ...repositoryMethods(planes.control),
    ...statisticsMethods(planes.data),
    ...settingsMethods(planes.settings, planes.readiness),
    ...sharedMemoryMethods(planes.memory),
  ];
  return {
    name: GRPCInferenceServiceDefinition.fullName,
    statusOf: oipStatusOf(options.statusCodes),
    methods,
  };
}

function stateMethods({ data, readiness, memory }: OipPlanes, { version }: OipOptions): Method[] {
  const { serverLive, serverReady, modelReady, serverMetadata, modelMetadata } = GRPCInferenceServiceDefinition.methods;
  const open = { admission: 'open', kind: 'unary' } as const;
  const extensions = memory === undefined ? EXTENSIONS : [...EXTENSIONS, 'system_shared_memory'];
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
      handle: () => Promise.resolve(formatServerMetadata('millrace', version, extensions)),
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

function modelInferMethod(planes: OipPlanes, { maxTypedBytes, headerForwardPattern }: OipOptions): Method<ReceivedInfer, OipAnswer> {
  return {
    path: pathOf(GRPCInferenceServiceDefinition, GRPCInferenceServiceDefinition.methods.modelInfer),
    request: { decode: createModelInferDecoder(maxTypedBytes) },
    response: { encode: encodeAnswer },
    admission: 'inference',
    kind: 'unary',
    borrowsRequest: true,
    handle: (received, call) => modelInfer(planes, received, call, headerForwardPattern),
  };
}

async function modelInfer(
  { data, memory }: OipPlanes,
  received: ReceivedInfer,
  call: Call,
  forwardPattern: ForwardPattern,
): Promise<OipAnswer> {
  takeParameters(received.kind === 'plain' ? NO_PARAMETERS : received.message.parameters, call, forwardPattern);
  const request = received.kind === 'plain' ? received.request : parseModelInferRequest(received.message, memory);
  try {
    return answerTo(request, await data.infer(request, call));
  } catch (error) {
    throw inferErrorOf(ServingError.from(error), request);
  }
}

function withOipErrors<T>(version: VersionReference, answer: () => T): T {
  try {
    return answer();
  } catch (error) {
    throw oipErrorOf(ServingError.from(error), version);
  }
}
