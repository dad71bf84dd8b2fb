import { BinaryReader } from '@bufbuild/protobuf/wire';
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import protobuf from 'protobufjs';
import { EMBEDDED_FILES } from '../../src/gen/descriptors.js';
import * as any from '../../src/gen/google/protobuf/any.js';
import * as duration from '../../src/gen/google/protobuf/duration.js';
import * as errorDetails from '../../src/gen/google/rpc/error_details.js';
import * as status from '../../src/gen/google/rpc/status.js';
import * as health from '../../src/gen/grpc/health/v1/health.js';
import * as reflection from '../../src/gen/grpc/reflection/v1/reflection.js';
import * as reflectionAlpha from '../../src/gen/grpc/reflection/v1alpha/reflection.js';
import * as infer from '../../src/gen/inference/infer.js';
import * as metadata from '../../src/gen/inference/metadata.js';
import * as modelConfig from '../../src/gen/inference/model_config.js';
import * as repository from '../../src/gen/inference/repository.js';
import * as settings from '../../src/gen/inference/settings.js';
import * as sharedMemory from '../../src/gen/inference/shared_memory.js';
import * as statistics from '../../src/gen/inference/statistics.js';
import * as millrace from '../../src/gen/millrace/v1/inference.js';
import * as tensor from '../../src/gen/millrace/v1/tensor.js';
import type { MessageFunctions } from '../../src/wire/codec.js';
import { loadSchema, messagesOf } from '../support/wire-schema.js';

interface Generated extends MessageFunctions<unknown> {
  fromJSON?(object: unknown): unknown;
  toJSON?(message: unknown): unknown;
}

const MODULES: Readonly<Record<string, object>> = {
  'google/protobuf/any.proto': any,
  'google/protobuf/duration.proto': duration,
  'google/rpc/error_details.proto': errorDetails,
  'google/rpc/status.proto': status,
  'grpc/health/v1/health.proto': health,
  'grpc/reflection/v1/reflection.proto': reflection,
  'grpc/reflection/v1alpha/reflection.proto': reflectionAlpha,
  'inference/infer.proto': infer,
  'inference/metadata.proto': metadata,
  'inference/model_config.proto': modelConfig,
  'inference/repository.proto': repository,
  'inference/settings.proto': settings,
  'inference/shared_memory.proto': sharedMemory,
  'inference/statistics.proto': statistics,
  'millrace/v1/inference.proto': millrace,
  'millrace/v1/tensor.proto': tensor,
};

/** Files without messages of their own, and the dynamic values, which the generated code takes for plain JavaScript values. */
const ELSEWHERE = ['inference/grpc_service.proto', 'google/protobuf/struct.proto'];

const schema = loadSchema();

/** Every message with what was generated for it. Directories are packages; a nested message is exported as Outer_Inner. */
const messages = EMBEDDED_FILES.filter(({ name }) => !ELSEWHERE.includes(name)).flatMap(({ name: file, symbols }) => {
  const prefix = `${file.slice(0, file.lastIndexOf('/')).replaceAll('/', '.')}.`;
  const exported = new Map<string, Generated>(Object.entries(MODULES[file] ?? {}));
  return symbols.flatMap((symbol): [string, protobuf.Type, Generated | undefined][] => {
    const type = schema.lookup(symbol);
    if (!(type instanceof protobuf.Type)) return [];
    return [[symbol, type, exported.get(symbol.slice(prefix.length).replaceAll('.', '_'))]];
  });
});

function shown(type: protobuf.Type, bytes: Uint8Array): unknown {
  return type.toObject(type.decode(bytes), { longs: String, enums: Number, bytes: Array });
}

describe('generated messages', () => {
  it('are there for every file', () => {
    expect(EMBEDDED_FILES.map(({ name }) => name).sort()).toEqual([...Object.keys(MODULES), ...ELSEWHERE].sort());
    expect(messages.length).toBeGreaterThan(100);
    expect(messages.filter(([, , generated]) => generated === undefined).map(([name]) => name)).toEqual([]);
  });

  it.each(messages)('%s says what another implementation says', (_, type, generated) => {
    fc.assert(
      fc.property(messagesOf(type), (object) => {
        const theirs = type.encode(type.fromObject(object)).finish();
        const ours = generated?.encode(generated.decode(new BinaryReader(theirs))).finish() ?? new Uint8Array(0);
        expect(shown(type, ours)).toEqual(shown(type, theirs));
      }),
      { numRuns: 20 },
    );
  });

  it.each(messages.filter(([, , generated]) => generated?.toJSON !== undefined))('%s survives JSON', (_, type, generated) => {
    fc.assert(
      fc.property(messagesOf(type), (object) => {
        const theirs = type.encode(type.fromObject(object)).finish();
        const json = JSON.stringify(generated?.toJSON?.(generated.decode(new BinaryReader(theirs))));
        const ours = generated?.encode(generated.fromJSON?.(JSON.parse(json))).finish() ?? new Uint8Array(0);
        expect(shown(type, ours)).toEqual(shown(type, theirs));
      }),
      { numRuns: 20 },
    );
  });
});
