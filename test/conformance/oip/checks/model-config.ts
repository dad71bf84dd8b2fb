import { assert, assertEqual, type Check, show } from '../check.js';
import { answered, type Ground, needExtension } from '../ground.js';
import type { ConfigTensor, ModelConfig, TensorMetadata } from '../messages.js';
import { granted, refusedWith } from '../reply.js';
import { section } from '../section.js';
import { rawRequest, type Subject, sampleInputs } from '../subject.js';
import { describedModels, UNKNOWN_MODEL } from './unknown.js';

const SECTION = section('Triton protocol', 'extension_model_configuration.md');

async function configOf({ target }: Ground, name: string): Promise<ModelConfig> {
  const { config } = granted(await target.ask<{ config: ModelConfig | null }>('ModelConfig', { name }), `ModelConfig of ${name}`);
  assert(config !== null, `a config of ${name}`, 'none');
  return config;
}

function assertTensors(what: string, configured: readonly ConfigTensor[], described: readonly TensorMetadata[], batched: boolean): void {
  const sorted = (texts: readonly string[]) => [...texts].sort();
  const fromConfig = configured.map(({ name, data_type: type, dims }) => {
    const datatype = type === 'TYPE_STRING' ? 'BYTES' : type.replace(/^TYPE_/, '');
    return `${name} ${datatype} [${[...(batched ? ['-1'] : []), ...dims].join()}]`;
  });
  const fromMetadata = described.map(({ name, datatype, shape }) => `${name} ${datatype} [${shape.join()}]`);
  assertEqual(what, sorted(fromConfig), sorted(fromMetadata));
}

/** Of models with moderate limits: a batch of thousands may take long for good reasons. */
async function assertTakesRows(ground: Ground, subject: Subject): Promise<void> {
  const rows = subject.config?.max_batch_size ?? 0;
  if (!subject.batched || rows > 256) return;
  await answered(ground, rawRequest(subject.name, sampleInputs(subject, { seed: ground.seed, rows })), `${rows} rows`);
}

export const MODEL_CONFIG_CHECKS: readonly Check[] = [
  {
    id: 'model-config.name',
    title: 'ModelConfig carries the name of the model',
    level: 'triton',
    section: SECTION,
    run: async (ground) => {
      needExtension(ground, 'model_configuration');
      for (const { name } of describedModels(ground)) assertEqual('name', (await configOf(ground, name)).name, name);
    },
  },
  {
    id: 'model-config.tensors',
    title: 'ModelConfig and ModelMetadata agree; the metadata has the batch axis in front where max_batch_size is above 0',
    level: 'triton',
    section: SECTION,
    run: async (ground) => {
      needExtension(ground, 'model_configuration');
      for (const { name, inputs, outputs } of describedModels(ground)) {
        const config = await configOf(ground, name);
        const batched = config.max_batch_size > 0;
        assertTensors(`inputs of ${name} as in ModelMetadata`, config.input, inputs, batched);
        assertTensors(`outputs of ${name} as in ModelMetadata`, config.output, outputs, batched);
      }
    },
  },
  {
    id: 'model-config.batch-size',
    title: 'A max_batch_size is not negative, and as many rows are taken',
    level: 'triton',
    section: SECTION,
    run: async (ground) => {
      needExtension(ground, 'model_configuration');
      for (const { name } of describedModels(ground)) {
        const { max_batch_size: size } = await configOf(ground, name);
        assert(size >= 0, `a max_batch_size of at least 0 of ${name}`, show(size));
      }
      for (const subject of ground.subjects) await assertTakesRows(ground, subject);
    },
  },
  {
    id: 'model-config.unknown-model',
    title: 'ModelConfig of a model that is not there is NOT_FOUND',
    level: 'triton',
    section: SECTION,
    run: async (ground) => {
      needExtension(ground, 'model_configuration');
      refusedWith(['NOT_FOUND'], await ground.target.ask('ModelConfig', { name: UNKNOWN_MODEL }), `model ${UNKNOWN_MODEL}`);
    },
  },
];
