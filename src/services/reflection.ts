import { quote } from '../error/quote.js';
import { EMBEDDED_FILES, type EmbeddedFile } from '../gen/descriptors.js';
import {
  ServerReflectionDefinition,
  type ServerReflectionRequest,
  type ServerReflectionResponse,
} from '../gen/grpc/reflection/v1/reflection.js';
import { ServerReflectionDefinition as AlphaDefinition } from '../gen/grpc/reflection/v1alpha/reflection.js';
import type { Method, SendingCall, Service } from '../grpc/call.js';
import { statusOf } from '../wire/status.js';
import { DescriptorIndex } from './descriptor-index.js';
import { methodOf } from './method.js';

const NOT_FOUND = 5;
const UNIMPLEMENTED = 12;

type Answer = ServerReflectionResponse['messageResponse'];
type Handle = (requests: AsyncIterable<ServerReflectionRequest>, call: SendingCall<ServerReflectionResponse>) => Promise<void>;

/**
 * Server reflection, v1 and v1alpha, which differ in name alone. `served` are the full names of the other services of this
 * server: the descriptors know more than one server may serve. The index is made by the first who asks.
 */
export function reflectionServices(served: readonly string[], files: readonly EmbeddedFile[] = EMBEDDED_FILES): Service[] {
  const names = [...served, ServerReflectionDefinition.fullName, AlphaDefinition.fullName];
  let index: DescriptorIndex | undefined;
  const handle: Handle = async (requests, call) => {
    index ??= new DescriptorIndex(files);
    const sent = new Set<string>();
    for await (const request of requests) await call.send(respond(request, answer(request, index, names, sent)));
  };
  return [service(ServerReflectionDefinition, handle), service(AlphaDefinition, handle)];
}

type Definition = typeof ServerReflectionDefinition | typeof AlphaDefinition;

function service(definition: Definition, handle: Handle): Service {
  const method: Method<ServerReflectionRequest, ServerReflectionResponse> = {
    ...methodOf(definition, definition.methods.serverReflectionInfo),
    kind: 'bidi',
    admission: 'open',
    handle,
  };
  return { name: definition.fullName, methods: [method], statusOf };
}

function respond(request: ServerReflectionRequest, messageResponse: Answer): ServerReflectionResponse {
  return { validHost: request.host, originalRequest: request, messageResponse };
}

function answer(
  { messageRequest: asked }: ServerReflectionRequest,
  index: DescriptorIndex,
  names: readonly string[],
  sent: Set<string>,
): Answer {
  switch (asked?.$case) {
    case 'listServices':
      return { $case: 'listServicesResponse', value: { service: names.map((name) => ({ name })) } };
    case 'fileByFilename':
      return files(index, index.fileByName(asked.value), sent, `no file ${quote(asked.value)}`);
    case 'fileContainingSymbol':
      return files(index, index.fileBySymbol(asked.value), sent, `no symbol ${quote(asked.value)}`);
    // proto3 messages have no extensions, and there are no others here.
    case 'fileContainingExtension':
      return notFound(`no extension ${asked.value.extensionNumber} of ${quote(asked.value.containingType)}`);
    case 'allExtensionNumbersOfType':
      return notFound(`no extensions of ${quote(asked.value)}`);
    case undefined:
      return failure(UNIMPLEMENTED, 'the request asks for nothing that this server knows');
    default:
      return asked satisfies never;
  }
}

function files(index: DescriptorIndex, file: EmbeddedFile | undefined, sent: Set<string>, missing: string): Answer {
  if (file === undefined) return notFound(missing);
  return { $case: 'fileDescriptorResponse', value: { fileDescriptorProto: index.withImports(file, sent) } };
}

function notFound(message: string): Answer {
  return failure(NOT_FOUND, message);
}

function failure(errorCode: number, errorMessage: string): Answer {
  return { $case: 'errorResponse', value: { errorCode, errorMessage } };
}
