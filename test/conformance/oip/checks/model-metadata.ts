import { assert, assertEqual, type Check, Skip, show } from '../check.js';
import { DATATYPES, isDatatype } from '../datatype.js';
import type { Ground } from '../ground.js';
import type { ModelMetadata, TensorMetadata } from '../messages.js';
import { granted, type Reply, refused, refusedWith } from '../reply.js';
import { section } from '../section.js';
import { describedModels, UNKNOWN_MODEL, UNKNOWN_VERSION } from './unknown.js';

const MODEL_METADATA = section('OIP gRPC', 'Model Metadata');
const OBJECT = section('OIP REST', 'Model Metadata Response JSON Object');

function modelMetadata({ target }: Ground, name: string, version = ''): Promise<Reply<ModelMetadata>> {
  return target.ask('ModelMetadata', { name, version });
}

function tensorsOf({ inputs, outputs }: ModelMetadata): readonly TensorMetadata[] {
  return [...inputs, ...outputs];
}

function versioned(ground: Ground): ModelMetadata {
  const model = describedModels(ground).find(({ versions }) => versions.length > 0);
  if (model === undefined) throw new Skip('no model lists versions');
  return model;
}

function assertNames(tensors: readonly TensorMetadata[], what: string): void {
  const names = tensors.map(({ name }) => name);
  assert(names.length > 0 && !names.includes('') && new Set(names).size === names.length, `distinct names of ${what}`, show(names));
}

export const MODEL_METADATA_CHECKS: readonly Check[] = [
  {
    id: 'model-metadata.name',
    title: 'ModelMetadata of every model under test carries its name',
    level: 'must',
    section: MODEL_METADATA,
    run: async (ground) => {
      if (ground.models.length === 0) throw new Skip('no model was given by --model or listed by RepositoryIndex');
      for (const { name, metadata } of ground.models) assertEqual('name', granted(metadata, `ModelMetadata of ${name}`).name, name);
    },
  },
  {
    id: 'model-metadata.platform',
    title: 'ModelMetadata tells the platform',
    level: 'should',
    section: section('OIP gRPC', 'Platforms'),
    run: async (ground) => {
      for (const { name, platform } of describedModels(ground)) assert(platform !== '', `a platform of ${name}`, show(platform));
    },
  },
  {
    id: 'model-metadata.tensors',
    title: 'ModelMetadata names at least one input and one output, each once',
    level: 'must',
    section: OBJECT,
    run: async (ground) => {
      for (const { name, inputs, outputs } of describedModels(ground)) {
        assertNames(inputs, `inputs of ${name}`);
        assertNames(outputs, `outputs of ${name}`);
      }
    },
  },
  {
    id: 'model-metadata.datatypes',
    title: 'Datatypes in ModelMetadata are those of the protocol (or BF16, which Triton adds)',
    level: 'must',
    section: section('OIP gRPC', 'Tensor Data Types'),
    run: async (ground) => {
      for (const model of describedModels(ground)) {
        for (const { name, datatype } of tensorsOf(model)) {
          assert(isDatatype(datatype), `one of ${DATATYPES.join(', ')} for ${model.name}'s ${name}`, show(datatype));
        }
      }
    },
  },
  {
    id: 'model-metadata.shapes',
    title: 'Shapes in ModelMetadata are made of sizes and -1',
    level: 'must',
    section: MODEL_METADATA,
    run: async (ground) => {
      for (const model of describedModels(ground)) {
        for (const { name, shape } of tensorsOf(model)) {
          assert(
            shape.every((size) => Number(size) >= -1),
            `dimensions of at least -1 for ${model.name}'s ${name}`,
            show(shape),
          );
        }
      }
    },
  },
  {
    id: 'model-metadata.versions',
    title: 'ModelMetadata lists each version once',
    level: 'should',
    section: OBJECT,
    run: async (ground) => {
      for (const { name, versions } of describedModels(ground)) {
        assert(!versions.includes('') && new Set(versions).size === versions.length, `distinct versions of ${name}`, show(versions));
      }
    },
  },
  {
    id: 'model-metadata.by-version',
    title: 'ModelMetadata of every version it lists can be had',
    level: 'must',
    section: OBJECT,
    run: async (ground) => {
      versioned(ground);
      for (const { name, versions } of describedModels(ground)) {
        for (const version of versions) {
          const metadata = granted(await modelMetadata(ground, name, version), `ModelMetadata of version ${version} of ${name}`);
          assertEqual('name', metadata.name, name);
        }
      }
    },
  },
  {
    id: 'model-metadata.unknown-model',
    title: 'ModelMetadata of a model that is not there is an error',
    level: 'must',
    section: MODEL_METADATA,
    run: async (ground) => void refused(await modelMetadata(ground, UNKNOWN_MODEL), `model ${UNKNOWN_MODEL}`),
  },
  {
    id: 'model-metadata.unknown-version',
    title: 'ModelMetadata of a version that is not there is an error',
    level: 'must',
    section: MODEL_METADATA,
    run: async (ground) => {
      const { name } = versioned(ground);
      refused(await modelMetadata(ground, name, UNKNOWN_VERSION), `version ${UNKNOWN_VERSION} of ${name}`);
    },
  },
  {
    id: 'model-metadata.not-found',
    title: 'ModelMetadata of what is not there is NOT_FOUND',
    level: 'should',
    section: section('gRPC status codes', 'NOT_FOUND'),
    run: async (ground) => {
      refusedWith(['NOT_FOUND'], await modelMetadata(ground, UNKNOWN_MODEL), `model ${UNKNOWN_MODEL}`);
      const model = describedModels(ground).find(({ versions }) => versions.length > 0);
      if (model === undefined) return;
      refusedWith(['NOT_FOUND'], await modelMetadata(ground, model.name, UNKNOWN_VERSION), `version ${UNKNOWN_VERSION} of ${model.name}`);
    },
  },
  {
    id: 'model-metadata.integer-versions',
    title: 'Versions are positive integers',
    level: 'triton',
    section: section('Triton service', 'ModelMetadataResponse'),
    run: async (ground) => {
      versioned(ground);
      for (const { name, versions } of describedModels(ground)) {
        assert(
          versions.every((version) => /^[1-9]\d*$/.test(version)),
          `integer versions of ${name}`,
          show(versions),
        );
      }
    },
  },
];
