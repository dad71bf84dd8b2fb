import { assert, assertEqual, type Check, Skip, show } from '../check.js';
import { answered, anySubjects, type Ground, infer, needExtension } from '../ground.js';
import type { IndexEntry } from '../messages.js';
import { codeOf, granted, refused } from '../reply.js';
import { section } from '../section.js';
import { rawRequest, sampleInputs } from '../subject.js';
import { UNKNOWN_MODEL } from './unknown.js';

const SECTION = section('Triton protocol', 'extension_model_repository.md');
const STATES = ['UNKNOWN', 'READY', 'UNAVAILABLE', 'LOADING', 'UNLOADING'];

async function index(ground: Ground, ready: boolean): Promise<readonly IndexEntry[]> {
  needExtension(ground, 'model_repository');
  const reply = await ground.target.ask<{ models: readonly IndexEntry[] }>('RepositoryIndex', { ready });
  return granted(reply, 'RepositoryIndex').models;
}

async function isReady({ target }: Ground, { name, version }: IndexEntry): Promise<boolean> {
  return granted(await target.ask<{ ready: boolean }>('ModelReady', { name, version }), `ModelReady of ${name}`).ready;
}

function versionsOf(entries: readonly IndexEntry[]): string[] {
  return entries.map(({ name, version }) => `${name} ${version}`).sort();
}

/** Skips the check where the server is set up to load and unload nothing on request. */
async function unload({ target }: Ground, name: string): Promise<void> {
  const reply = await target.ask('RepositoryModelUnload', { model_name: name });
  const barred = !reply.ok && (reply.code === codeOf('PERMISSION_DENIED') || /not allowed/i.test(reply.text));
  if (barred) throw new Skip(`the server unloads no model on request: ${reply.text}`);
  granted(reply, `RepositoryModelUnload of ${name}`);
}

export const REPOSITORY_CHECKS: readonly Check[] = [
  {
    id: 'repository.models',
    title: 'RepositoryIndex lists every model under test',
    level: 'triton',
    section: SECTION,
    run: async (ground) => {
      const names = new Set((await index(ground, false)).map(({ name }) => name));
      const missing = ground.models.filter(({ name }) => !names.has(name)).map(({ name }) => name);
      assertEqual('models missing from the index', missing, []);
    },
  },
  {
    id: 'repository.states',
    title: `States in RepositoryIndex are ${STATES.join(', ')}, or none for a model that was never loaded`,
    level: 'triton',
    section: SECTION,
    run: async (ground) => {
      for (const { name, state } of await index(ground, false)) {
        assert(state === '' || STATES.includes(state), `a known state of ${name}`, show(state));
      }
    },
  },
  {
    id: 'repository.ready-filter',
    title: 'RepositoryIndex with `ready` lists what is READY without it',
    level: 'triton',
    section: SECTION,
    run: async (ground) => {
      const ready = (await index(ground, false)).filter(({ state }) => state === 'READY');
      assertEqual('ready versions', versionsOf(await index(ground, true)), versionsOf(ready));
    },
  },
  {
    id: 'repository.agrees',
    title: 'RepositoryIndex and ModelReady agree',
    level: 'triton',
    section: SECTION,
    run: async (ground) => {
      for (const entry of await index(ground, false)) {
        if (entry.version === '') continue;
        const { name, version, state } = entry;
        assertEqual(`ModelReady of version ${version} of ${name}, in state ${state}:`, await isReady(ground, entry), state === 'READY');
      }
    },
  },
  {
    id: 'repository.load-unknown',
    title: 'Loading a model that is not in the repository is refused',
    level: 'triton',
    section: SECTION,
    run: async (ground) => {
      needExtension(ground, 'model_repository');
      // A server that loads no models on request says so with UNAVAILABLE, which is a refusal here.
      const reply = await ground.target.ask('RepositoryModelLoad', { model_name: UNKNOWN_MODEL });
      if (!reply.ok && !reply.hung) return;
      refused(reply, `loading ${UNKNOWN_MODEL}`);
    },
  },
  {
    id: 'repository.reload',
    title: 'A model that is unloaded is refused, and loaded again answers (with --control)',
    level: 'triton',
    section: SECTION,
    run: async (ground) => {
      needExtension(ground, 'model_repository');
      if (!ground.mayControl) throw new Skip('it unloads a model: give --control to allow that');
      const [subject] = anySubjects(ground);
      const request = rawRequest(subject.name, sampleInputs(subject, { seed: ground.seed }));
      await unload(ground, subject.name);
      const meanwhile = await infer(ground, request);
      granted(await ground.target.ask('RepositoryModelLoad', { model_name: subject.name }), `RepositoryModelLoad of ${subject.name}`);
      assert(!meanwhile.ok && !meanwhile.hung, `an error from ${subject.name} while it is unloaded`, 'OK or no answer');
      await answered(ground, request, 'a request after loading again');
    },
  },
];
