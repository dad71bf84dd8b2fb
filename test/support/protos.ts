import type { MethodDefinition } from '@grpc/grpc-js';
import { loadSync, type MessageTypeDefinition, type PackageDefinition, type ServiceDefinition } from '@grpc/proto-loader';
import { ROOT } from './running-app.js';

/**
 * proto/ as people who write a client in another language would read it: none of the generated code that the server is built from has
 * a part in it. Names are those of the proto files; 64-bit integers are decimal strings.
 */
const FILES = [
  'millrace/v1/inference.proto',
  'inference/grpc_service.proto',
  'grpc/health/v1/health.proto',
  'google/rpc/status.proto',
  'google/rpc/error_details.proto',
];

const definitions: PackageDefinition = loadSync(FILES, {
  includeDirs: [`${ROOT}proto`],
  keepCase: true,
  longs: String,
  enums: String,
  defaults: true,
  oneofs: true,
});

/** Names of every method of a service. */
export function methodsOf(service: string): readonly string[] {
  return Object.keys(findService(service));
}

/** `method` is "package.Service/Method". */
export function findMethod(method: string): MethodDefinition<object, object> {
  const [service = '', name = ''] = method.split('/');
  const found = findService(service)[name];
  if (found === undefined) throw new Error(`the proto files have no method ${method}`);
  return found;
}

/** `type` is a message's full name. */
export function decodeMessage(type: string, bytes: Buffer): object {
  const definition = definitions[type] as MessageTypeDefinition<object, object> | undefined;
  if (definition === undefined) throw new Error(`the proto files have no message ${type}`);
  return definition.deserialize(bytes);
}

function findService(name: string): ServiceDefinition {
  const service = definitions[name];
  if (service === undefined || 'format' in service) throw new Error(`the proto files have no service ${name}`);
  return service;
}
