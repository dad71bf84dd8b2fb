import type { MethodDefinition } from '@grpc/grpc-js';
import { loadSync, type PackageDefinition } from '@grpc/proto-loader';

export const SERVICE = 'inference.GRPCInferenceService';
export const HEALTH = 'grpc.health.v1.Health';
export const REFLECTION = ['grpc.reflection.v1.ServerReflection', 'grpc.reflection.v1alpha.ServerReflection'] as const;

const FILES = [
  'inference/grpc_service.proto',
  'grpc/health/v1/health.proto',
  'grpc/reflection/v1/reflection.proto',
  'grpc/reflection/v1alpha/reflection.proto',
];

/** proto/ at the root of the project, seen from build/test/conformance/oip/. */
const PROTO = new URL('../../../../proto', import.meta.url).pathname;

const definitions: PackageDefinition = loadSync(FILES, {
  includeDirs: [PROTO],
  keepCase: true,
  longs: String,
  enums: String,
  defaults: true,
  oneofs: true,
});

/** `rpc` is "ModelInfer" for the inference service, "package.Service/Method" for any other. */
export function findMethod(rpc: string): MethodDefinition<object, object> {
  const [service = '', name = ''] = rpc.includes('/') ? rpc.split('/') : [SERVICE, rpc];
  const found = definitions[service];
  const method = found === undefined || 'format' in found ? undefined : found[name];
  if (method === undefined) throw new Error(`the proto files have no method ${service}/${name}`);
  return method;
}
