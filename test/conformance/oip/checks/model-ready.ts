import { assert, assertEqual, type Check, Skip } from '../check.js';
import type { Ground } from '../ground.js';
import { describeReply, granted, type Reply } from '../reply.js';
import { section } from '../section.js';
import { describedModels, UNKNOWN_MODEL, UNKNOWN_VERSION } from './unknown.js';

function modelReady({ target }: Ground, name: string, version = ''): Promise<Reply<{ ready: boolean }>> {
  return target.ask('ModelReady', { name, version });
}

/** What is not there is either told to be not ready or refused. */
function assertNotReady(reply: Reply<{ ready: boolean }>, what: string): void {
  assert(
    reply.ok ? !reply.message.ready : !reply.hung,
    `ready: false or an error for ${what}`,
    reply.ok ? 'ready: true' : describeReply(reply),
  );
}

export const MODEL_READY_CHECKS: readonly Check[] = [
  {
    id: 'model-ready.known',
    title: 'ModelReady of every model under test is true',
    level: 'must',
    section: section('OIP gRPC', 'Model Ready'),
    run: async (ground) => {
      if (ground.models.length === 0) throw new Skip('no model was given by --model or listed by RepositoryIndex');
      for (const { name } of ground.models) {
        assertEqual(`ready of ${name}`, granted(await modelReady(ground, name), `ModelReady of ${name}`).ready, true);
      }
    },
  },
  {
    id: 'model-ready.version',
    title: 'ModelReady of every version that ModelMetadata lists is true',
    level: 'must',
    section: section('OIP gRPC', 'Model Ready'),
    run: async (ground) => {
      const versions = describedModels(ground).flatMap(({ name, versions: all }) => all.map((version) => ({ name, version })));
      if (versions.length === 0) throw new Skip('no model lists versions');
      for (const { name, version } of versions) {
        const what = `version ${version} of ${name}`;
        assertEqual(`ready of ${what}`, granted(await modelReady(ground, name, version), `ModelReady of ${what}`).ready, true);
      }
    },
  },
  {
    id: 'model-ready.unknown-model',
    title: 'ModelReady of a model that is not there is not true',
    level: 'must',
    section: section('OIP gRPC', 'Model Ready'),
    run: async (ground) => assertNotReady(await modelReady(ground, UNKNOWN_MODEL), `model ${UNKNOWN_MODEL}`),
  },
  {
    id: 'model-ready.unknown-version',
    title: 'ModelReady of a version that is not there is not true',
    level: 'must',
    section: section('OIP gRPC', 'Model Ready'),
    run: async (ground) => {
      const model = describedModels(ground).find(({ versions }) => versions.length > 0);
      if (model === undefined) throw new Skip('no model lists versions');
      assertNotReady(await modelReady(ground, model.name, UNKNOWN_VERSION), `version ${UNKNOWN_VERSION} of ${model.name}`);
    },
  },
  {
    id: 'model-ready.no-name',
    title: 'ModelReady of no name is not true',
    level: 'should',
    section: section('OIP gRPC', 'Model Ready'),
    run: async (ground) => assertNotReady(await modelReady(ground, ''), 'an empty name'),
  },
];
