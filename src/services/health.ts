import { quote } from '../error/quote.js';
import { ServingError } from '../error/serving-error.js';
import {
  type HealthCheckRequest,
  type HealthCheckResponse,
  HealthDefinition,
  type HealthListRequest,
  type HealthListResponse,
  HealthCheckResponse_ServingStatus as ServingStatus,
} from '../gen/grpc/health/v1/health.js';
import type { Method, SendingCall, Service } from '../grpc/call.js';
import { statusOf } from '../wire/status.js';
import { ChangeFlag } from './change-flag.js';
import { methodOf } from './method.js';

export type HealthStatus = 'serving' | 'not_serving' | 'unknown';

/** What this facade needs to know, from whoever knows it. */
export interface HealthSource {
  /** "" is the server as a whole. */
  status(service: string): HealthStatus;
  /** Every name that `status` knows. */
  services(): Iterable<string>;
  /** Calls `listener` whenever a status may have changed. Returns the unsubscribe. */
  subscribe(listener: () => void): () => void;
}

/** The health protocol's own bound on List: above it, a client must ask for the services it wants to know of. */
const MAX_LISTED = 100;

const ON_WATCH = {
  serving: ServingStatus.SERVING,
  not_serving: ServingStatus.NOT_SERVING,
  unknown: ServingStatus.SERVICE_UNKNOWN,
} as const satisfies Record<HealthStatus, ServingStatus>;

/** `grpc.health.v1.Health` over one truth about readiness. */
export function healthService(source: HealthSource): Service {
  const { check, list, watch } = HealthDefinition.methods;
  const checkMethod: Method<HealthCheckRequest, HealthCheckResponse> = {
    ...methodOf(HealthDefinition, check),
    kind: 'unary',
    admission: 'open',
    handle: async ({ service }) => checkNow(source, service),
  };
  const listMethod: Method<HealthListRequest, HealthListResponse> = {
    ...methodOf(HealthDefinition, list),
    kind: 'unary',
    admission: 'open',
    handle: async () => ({ statuses: listNow(source) }),
  };
  const watchMethod: Method<HealthCheckRequest, HealthCheckResponse> = {
    ...methodOf(HealthDefinition, watch),
    kind: 'server_stream',
    admission: 'open',
    handle: ({ service }, call) => watchChanges(source, service, call),
  };
  const methods: Method[] = [checkMethod, listMethod, watchMethod];
  return { name: HealthDefinition.fullName, methods, statusOf };
}

function checkNow(source: HealthSource, service: string): HealthCheckResponse {
  const status = source.status(service);
  if (status === 'unknown') throw new ServingError('model_not_found', `health of an unknown service ${quote(service)}`);
  return { status: ON_WATCH[status] };
}

function listNow(source: HealthSource): Record<string, HealthCheckResponse> {
  const names = [...source.services()];
  if (names.length > MAX_LISTED) {
    throw new ServingError('too_large', `too many services to list: ${names.length}, at most ${MAX_LISTED}; use Check or Watch by name`);
  }
  return Object.fromEntries(names.map((name) => [name, { status: ON_WATCH[source.status(name)] }]));
}

/**
 * The status now, then after every change, until the client goes. Changes that come faster than the client reads are told as one; a
 * service that is not known yet is SERVICE_UNKNOWN until it is.
 */
async function watchChanges(source: HealthSource, service: string, call: SendingCall<HealthCheckResponse>): Promise<void> {
  const changes = new ChangeFlag();
  const unsubscribe = source.subscribe(() => changes.raise());
  try {
    for (let told: ServingStatus | undefined; ; await changes.wait(call.signal)) {
      const status = ON_WATCH[source.status(service)];
      if (status === told) continue;
      told = status;
      await call.send({ status });
    }
  } finally {
    unsubscribe();
  }
}
