import { assert, assertEqual, type Check, Skip } from '../check.js';
import { answered, anySubjects, needExtension } from '../ground.js';
import type { Parameter } from '../messages.js';
import { codeOf } from '../reply.js';
import { section } from '../section.js';
import { rawRequest, sampleInputs } from '../subject.js';

/** One RPC of each extension that has RPCs, which changes nothing when it is called without a message. */
const RPC_OF = {
  model_configuration: 'ModelConfig',
  statistics: 'ModelStatistics',
  model_repository: 'RepositoryIndex',
  system_shared_memory: 'SystemSharedMemoryStatus',
  cuda_shared_memory: 'CudaSharedMemoryStatus',
  trace: 'TraceSetting',
  logging: 'LogSettings',
} as const;

export const EXTENSION_CHECKS: readonly Check[] = [
  {
    id: 'extensions.served',
    title: 'Every extension that ServerMetadata lists has its RPCs',
    level: 'triton',
    section: section('Triton protocol', 'README.md'),
    run: async ({ extensions, target }) => {
      const listed = Object.entries(RPC_OF).filter(([extension]) => extensions.has(extension));
      if (listed.length === 0) throw new Skip('ServerMetadata lists no extension that has RPCs');
      const missing: string[] = [];
      for (const [extension, rpc] of listed) {
        const reply = await target.ask(rpc, {});
        if (!reply.ok && (reply.code === codeOf('UNIMPLEMENTED') || reply.hung)) missing.push(`${extension}: ${rpc}`);
      }
      assertEqual('listed extensions whose RPC is not served', missing, []);
    },
  },
  {
    id: 'extensions.honest',
    title: 'An RPC that works belongs to an extension that ServerMetadata lists',
    level: 'triton',
    section: section('Triton protocol', 'README.md'),
    run: async ({ extensions, target, metadata }) => {
      if (metadata === undefined) throw new Skip('ServerMetadata is not served');
      const silent: string[] = [];
      for (const [extension, rpc] of Object.entries(RPC_OF)) {
        if (!extensions.has(extension) && (await target.ask(rpc, {})).ok) silent.push(`${extension}: ${rpc}`);
      }
      assertEqual('served RPCs whose extension is not listed', silent, []);
    },
  },
  {
    id: 'extensions.schedule-policy',
    title: 'A request may have a priority and a timeout, as signed or unsigned integers',
    level: 'triton',
    section: section('Triton protocol', 'extension_schedule_policy.md'),
    run: async (ground) => {
      needExtension(ground, 'schedule_policy');
      const [subject] = anySubjects(ground);
      const request = rawRequest(subject.name, sampleInputs(subject, { seed: ground.seed }));
      const choices: readonly Parameter[] = [{ int64_param: '0' }, { uint64_param: '0' }];
      for (const priority of choices) await answered(ground, { ...request, parameters: { priority } }, 'a request with a priority');
      for (const timeout of [{ int64_param: '9000000' }, { uint64_param: '9000000' }]) {
        await answered(ground, { ...request, parameters: { timeout } }, 'a request with a timeout of 9 s');
      }
    },
  },
  {
    id: 'extensions.binary',
    title: 'binary_data_output, which clients of the HTTP extension set, does no harm',
    level: 'triton',
    section: section('Triton protocol', 'extension_binary_data.md'),
    run: async (ground) => {
      needExtension(ground, 'binary_tensor_data');
      const [subject] = anySubjects(ground);
      const inputs = sampleInputs(subject, { seed: ground.seed });
      const parameters = { binary_data_output: { bool_param: true } };
      const { outputs } = await answered(ground, rawRequest(subject.name, inputs, { parameters }), 'a request with binary_data_output');
      assert(outputs.length > 0, 'outputs', 'none');
    },
  },
];
