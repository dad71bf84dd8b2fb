import { fromBinary, toJson } from '@bufbuild/protobuf';
import {
  type DescriptorProto,
  type EnumDescriptorProto,
  type FileDescriptorProto,
  FileDescriptorProtoSchema,
} from '@bufbuild/protobuf/wkt';
import type { PackageDefinition } from '@grpc/proto-loader';
import { ReflectionService } from '@grpc/reflection';
import { describe, expect, it } from '@jest/globals';
import { EMBEDDED_FILES } from '../../src/gen/descriptors.js';
import { ServerReflectionRequest, ServerReflectionResponse } from '../../src/gen/grpc/reflection/v1/reflection.js';
import { reflectionServices } from '../../src/services/reflection.js';
import { RawClient } from '../support/grpc-client.js';
import { startServer } from '../support/grpc-server.js';
import { startPlainServer } from '../support/plain-grpc-server.js';

type Asked = ServerReflectionRequest['messageRequest'];

const OTHERS = ['millrace.v1.InferenceService', 'inference.GRPCInferenceService', 'grpc.health.v1.Health'];
const SERVED = [...OTHERS, 'grpc.reflection.v1.ServerReflection', 'grpc.reflection.v1alpha.ServerReflection'];

const symbol = (value: string): Asked => ({ $case: 'fileContainingSymbol', value });
const file = (value: string): Asked => ({ $case: 'fileByFilename', value });

/** The values of enums: siblings of their enum by protobuf's scoping, as we name them; upstream puts them under it. */
const ENUM_VALUES = new Map(
  EMBEDDED_FILES.flatMap(({ base64 }) => enumValuesOf(fromBinary(FileDescriptorProtoSchema, Buffer.from(base64, 'base64')))),
);

const QUESTIONS: readonly Asked[] = [
  ...EMBEDDED_FILES.map(({ name }) => file(name)),
  ...EMBEDDED_FILES.flatMap(({ symbols }) => symbols.filter((name) => !ENUM_VALUES.has(name)).map(symbol)),
  file('no/such.proto'),
  file(''),
  symbol('millrace.v1'),
  symbol('millrace.v1.NoSuch'),
  symbol('.millrace.v1.Tensor'),
  symbol(''),
  { $case: 'fileContainingExtension', value: { containingType: 'millrace.v1.InferRequest', extensionNumber: 100 } },
  { $case: 'fileContainingExtension', value: { containingType: 'no.Such', extensionNumber: 1 } },
  { $case: 'allExtensionNumbersOfType', value: 'millrace.v1.InferRequest' },
  { $case: 'allExtensionNumbersOfType', value: 'no.Such' },
  undefined,
];

interface Scope {
  readonly enumType: readonly EnumDescriptorProto[];
  readonly messageType?: readonly DescriptorProto[];
  readonly nestedType?: readonly DescriptorProto[];
}

function enumValuesOf(descriptor: FileDescriptorProto): [ours: string, theirs: string][] {
  const inScope = (scope: string, { enumType, messageType, nestedType }: Scope): [string, string][] => [
    ...enumType.flatMap(({ name, value }) =>
      value.map((one): [string, string] => [`${scope}.${one.name}`, `${scope}.${name}.${one.name}`]),
    ),
    ...(messageType ?? nestedType ?? []).flatMap((message) => inScope(`${scope}.${message.name}`, message)),
  ];
  return inScope(descriptor.package, descriptor);
}

/** The same descriptors for upstream: what proto-loader would have hung on a package definition, file by file. */
function asPackage(): PackageDefinition {
  const fileDescriptorProtos = EMBEDDED_FILES.map(({ base64 }) => Buffer.from(base64, 'base64'));
  return { everything: { fileDescriptorProtos } } as unknown as PackageDefinition;
}

const READ = new Map<string, string>();

/** A serialised descriptor as canonical JSON; there are few of them, asked for often. */
function readable(encoded: Uint8Array): string {
  const key = Buffer.from(encoded).toString('latin1');
  const text = READ.get(key) ?? JSON.stringify(toJson(FileDescriptorProtoSchema, fromBinary(FileDescriptorProtoSchema, encoded)));
  READ.set(key, text);
  return text;
}

/** What an answer means: the file asked for and the set of its imports, decoded; or the code of the error. */
function meaningOf(bytes: Uint8Array) {
  const { messageResponse: answer, validHost } = ServerReflectionResponse.decode(bytes);
  switch (answer?.$case) {
    case 'fileDescriptorResponse': {
      const [asked, ...imports] = answer.value.fileDescriptorProto.map(readable);
      return { validHost, asked, imports: imports.sort() };
    }
    case 'listServicesResponse':
      return { validHost, services: answer.value.service.map(({ name }) => name).sort() };
    case 'errorResponse':
      return { validHost, error: answer.value.errorCode };
    case 'allExtensionNumbersResponse':
    case undefined:
      return { validHost, answer };
    default:
      return answer satisfies never;
  }
}

/** Asks either implementation, each time in a stream of its own: within one, upstream sends imports again and again, which nobody wants. */
async function both(version: string) {
  const ours = await startServer(reflectionServices(OTHERS));
  const theirs = await startPlainServer(new ReflectionService(asPackage(), { services: SERVED }));
  const ourClient = await RawClient.connect(ours.address);
  const theirClient = await RawClient.connect(theirs.address);
  const ask = async (client: RawClient, questions: readonly Asked[]) => {
    const call = client.open(`/${version}.ServerReflection/ServerReflectionInfo`);
    for (const messageRequest of questions) call.send(ServerReflectionRequest.encode({ host: 'somewhere', messageRequest }).finish());
    call.stream.end();
    const { status, messages } = await call.answer;
    return { status, answers: messages.map(meaningOf) };
  };
  return {
    ours: (...questions: Asked[]) => ask(ourClient, questions),
    theirs: (...questions: Asked[]) => ask(theirClient, questions),
    [Symbol.asyncDispose]: async () => {
      for (const open of [ourClient, theirClient, ours, theirs]) await open[Symbol.asyncDispose]();
    },
  };
}

describe.each(['grpc.reflection.v1', 'grpc.reflection.v1alpha'])('%s answers as @grpc/reflection does', (version) => {
  it('to every file, every symbol, and what is not there', async () => {
    await using it = await both(version);
    for (const question of [{ $case: 'listServices', value: '*' } as const, ...QUESTIONS]) {
      const [ours, theirs] = await Promise.all([it.ours(question), it.theirs(question)]);
      expect({ question, ...ours }).toEqual({ question, ...theirs });
    }
  });

  it('to enum values, by the names that protobuf gives them', async () => {
    await using it = await both(version);
    expect(ENUM_VALUES.size).toBeGreaterThan(10);
    for (const [ourName, theirName] of ENUM_VALUES) {
      const [ours, theirs] = await Promise.all([it.ours(symbol(ourName)), it.theirs(symbol(theirName))]);
      expect({ ourName, ...ours }).toEqual({ ourName, ...theirs });
    }
  });

  it('to several questions in one stream, in their order', async () => {
    await using it = await both(version);
    const questions = [symbol('no.Such'), file('google/protobuf/struct.proto'), { $case: 'listServices', value: '' } as const];
    const [ours, theirs] = [await it.ours(...questions), await it.theirs(...questions)];
    expect(ours.answers).toHaveLength(3);
    expect(ours).toEqual(theirs);
  });
});
