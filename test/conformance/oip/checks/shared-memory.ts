import { existsSync } from 'node:fs';
import { difference } from '../answer.js';
import { assert, assertEqual, type Check, Failure, Skip, show } from '../check.js';
import { answered, anySubjects, type Ground, infer, needExtension, outputsFor, subjectsWhere } from '../ground.js';
import type { Parameters } from '../messages.js';
import { codeOf, granted, refused } from '../reply.js';
import { section } from '../section.js';
import { DEVICES, SharedRegion } from '../shared-region.js';
import { rawRequest, type Subject, sampleInputs } from '../subject.js';
import type { Tensor } from '../tensor.js';
import { UNKNOWN_MODEL } from './unknown.js';

const SECTION = section('Triton protocol', 'extension_shared_memory.md');
const LOCAL = /^(localhost|127\.\d+\.\d+\.\d+|\[::1\])(:|$)|^unix:/;
/** Where the data starts in a region: not at 0, so that the offset counts. */
const OFFSET = 64;

function needLocal(ground: Ground): void {
  needExtension(ground, 'system_shared_memory');
  if (!LOCAL.test(ground.target.options.address)) throw new Skip('the server is not on this machine, as far as its address tells');
  if (!existsSync(DEVICES)) throw new Skip(`this machine has no ${DEVICES}`);
}

/** Registers a region of the suite's own; skips the check where the server refuses that to its clients. */
async function register(ground: Ground, region: SharedRegion): Promise<void> {
  const { name, key, size } = region;
  const reply = await ground.target.ask('SystemSharedMemoryRegister', { name, key, offset: '0', byte_size: String(size) });
  const barred = !reply.ok && (reply.code === codeOf('PERMISSION_DENIED') || /not allowed|disabled/i.test(reply.text));
  if (barred) throw new Skip(`the server lets its clients register no shared memory: ${reply.text}`);
  granted(reply, 'SystemSharedMemoryRegister of a region of /dev/shm');
}

function unregister({ target }: Ground, { name }: SharedRegion) {
  return target.ask('SystemSharedMemoryUnregister', { name });
}

async function registered({ target }: Ground): Promise<string[]> {
  const reply = await target.ask<{ regions: Readonly<Record<string, unknown>> }>('SystemSharedMemoryStatus', {});
  return Object.keys(granted(reply, 'SystemSharedMemoryStatus').regions);
}

/** A region while `use` runs; it is unregistered and gone afterwards. */
async function withRegion(ground: Ground, size: number, use: (region: SharedRegion) => Promise<void>): Promise<void> {
  needLocal(ground);
  using region = new SharedRegion(ground.seed, size);
  await register(ground, region);
  try {
    await use(region);
  } finally {
    await unregister(ground, region);
  }
}

function inRegion({ name }: SharedRegion, offset: number, size: number): Parameters {
  return {
    shared_memory_region: { string_param: name },
    shared_memory_offset: { int64_param: String(offset) },
    shared_memory_byte_size: { int64_param: String(size) },
  };
}

/** The request with its contents in the region from OFFSET on, one input behind the other. */
function requestInRegion(model: string, inputs: readonly Tensor[], region: SharedRegion) {
  let offset = OFFSET;
  const placed = inputs.map(({ name, datatype, shape, raw }) => {
    region.write(raw, offset);
    const parameters = inRegion(region, offset, raw.length);
    offset += raw.length;
    return { name, datatype, shape: shape.map(String), parameters };
  });
  return { ...rawRequest(model, inputs), inputs: placed, raw_input_contents: [] };
}

function fixedSubject(ground: Ground): Subject {
  return subjectsWhere(ground, ({ repeatable }) => repeatable, 'has repeatable answers')[0];
}

export const SHARED_MEMORY_CHECKS: readonly Check[] = [
  {
    id: 'shared-memory.status',
    title: 'A registered region is in SystemSharedMemoryStatus until it is unregistered',
    level: 'triton',
    section: SECTION,
    run: (ground) =>
      withRegion(ground, 256, async (region) => {
        assert((await registered(ground)).includes(region.name), `${region.name} among the regions`, 'it is missing');
        granted(await unregister(ground, region), 'SystemSharedMemoryUnregister');
        assert(!(await registered(ground)).includes(region.name), `no ${region.name} after it is unregistered`, 'it is there');
      }),
  },
  {
    id: 'shared-memory.inputs',
    title: 'Inputs in shared memory give the answer that they give in the message',
    level: 'triton',
    section: SECTION,
    run: (ground) =>
      withRegion(ground, 65_536, async (region) => {
        const { name, ...subject } = fixedSubject(ground);
        const inputs = sampleInputs(subject, { seed: ground.seed });
        const inMessage = await outputsFor(ground, rawRequest(name, inputs));
        const shared = await outputsFor(ground, requestInRegion(name, inputs, region), 'inputs in shared memory');
        const differs = difference(shared, inMessage);
        if (differs !== undefined) throw new Failure(`the same answer of ${name}`, differs);
      }),
  },
  {
    id: 'shared-memory.outputs',
    title: 'An output in shared memory is what it is in the message, where its contents are empty',
    level: 'triton',
    section: SECTION,
    run: (ground) =>
      withRegion(ground, 65_536, async (region) => {
        const { name, ...subject } = fixedSubject(ground);
        const request = rawRequest(name, sampleInputs(subject, { seed: ground.seed }));
        const [first] = await outputsFor(ground, request);
        if (first === undefined) throw new Skip(`${name} has no output`);
        const outputs = [{ name: first.name, parameters: inRegion(region, OFFSET, first.raw.length) }];
        const response = await answered(ground, { ...request, outputs }, 'an output in shared memory');
        assertEqual(
          'bytes in the message',
          response.raw_output_contents.map(({ length }) => length),
          [0],
        );
        const shared = { ...first, raw: region.read(OFFSET, first.raw.length) };
        const differs = difference([shared], [first]);
        if (differs !== undefined) throw new Failure(`the same output of ${name}`, differs);
      }),
  },
  {
    id: 'shared-memory.bounds',
    title: 'An input that reaches past its region is refused',
    level: 'triton',
    section: SECTION,
    run: (ground) =>
      withRegion(ground, 256, async (region) => {
        const { name, ...subject } = fixedSubject(ground);
        const request = rawRequest(name, sampleInputs(subject, { seed: ground.seed }));
        for (const offset of [region.size, region.size - 1, 2 ** 40]) {
          const inputs = request.inputs.map((input, at) => ({
            ...input,
            parameters: inRegion(region, offset, request.raw_input_contents?.[at]?.length ?? 0),
          }));
          refused(await infer(ground, { ...request, inputs, raw_input_contents: [] }), `an input at ${offset} of ${region.size} bytes`);
        }
      }),
  },
  {
    id: 'shared-memory.unknown-region',
    title: 'An input in a region that is not registered is refused',
    level: 'triton',
    section: SECTION,
    run: async (ground) => {
      needExtension(ground, 'system_shared_memory');
      const [{ name, ...subject }] = anySubjects(ground);
      const request = rawRequest(name, sampleInputs(subject, { seed: ground.seed }));
      const parameters = { shared_memory_region: { string_param: UNKNOWN_MODEL }, shared_memory_byte_size: { int64_param: '4' } };
      const inputs = request.inputs.map((input) => ({ ...input, parameters }));
      refused(await infer(ground, { ...request, inputs, raw_input_contents: [] }), `region ${show(UNKNOWN_MODEL)}`);
    },
  },
  {
    id: 'shared-memory.unknown-key',
    title: 'Registering memory that is not there is refused',
    level: 'triton',
    section: SECTION,
    run: async (ground) => {
      needExtension(ground, 'system_shared_memory');
      const message = { name: UNKNOWN_MODEL, key: `/${UNKNOWN_MODEL}`, offset: '0', byte_size: '64' };
      refused(await ground.target.ask('SystemSharedMemoryRegister', message), `key ${message.key}`);
    },
  },
  {
    id: 'shared-memory.outside',
    title: 'Registering a file outside of shared memory is refused',
    level: 'triton',
    section: SECTION,
    run: async (ground) => {
      needLocal(ground);
      const message = { name: UNKNOWN_MODEL, key: '/../../etc/hostname', offset: '0', byte_size: '1' };
      refused(await ground.target.ask('SystemSharedMemoryRegister', message), `key ${message.key}`);
    },
  },
];
