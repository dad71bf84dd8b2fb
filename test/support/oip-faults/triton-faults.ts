import type { InferResponse, ModelConfig, ModelStatistics } from '../../conformance/oip/messages.js';
import type { Meddling } from '../grpc-proxy.js';
import { changing, type Fault, meddleWith, refusing } from './fault.js';

interface Statistics {
  readonly model_stats: readonly ModelStatistics[];
}

function statistics(change: (entry: ModelStatistics) => ModelStatistics) {
  return () => changing<object, Statistics>('ModelStatistics', ({ model_stats: all }) => ({ model_stats: all.map(change) }));
}

function doubled(text: string): string {
  return String(Number(text) * 2);
}

type Timed = { readonly count: string; readonly ns: string };

function withDuration(entry: ModelStatistics, name: 'success' | 'queue'): ModelStatistics {
  const stats = entry.inference_stats;
  const duration: Timed = stats?.[name] ?? { count: '0', ns: '0' };
  return { ...entry, ...(stats && { inference_stats: { ...stats, [name]: { ...duration, count: doubled(duration.count) } } }) };
}

function configs(change: (config: ModelConfig) => ModelConfig) {
  return () => changing<object, { config: ModelConfig }>('ModelConfig', ({ config }) => ({ config: change(config) }));
}

/** Answers what the right server refuses as if it had asked for `instead`. */
function forgiving(rpc: string, instead: (request: object) => object): Meddling {
  return meddleWith(rpc, async ({ request, answer }) => {
    const answered = await answer();
    return answered.code === 0 ? answered : answer(instead(request));
  });
}

interface Index {
  readonly models: readonly { name: string; version: string; state: string; reason: string }[];
}

function index(change: (models: Index['models'], request: { ready: boolean }) => Index['models']) {
  return () => changing<{ ready: boolean }, Index>('RepositoryIndex', ({ models }, request) => ({ models: change(models, request) }));
}

export const TRITON_FAULTS: readonly Fault[] = [
  {
    what: 'puts a final flag on unary answers',
    fails: ['stream.unary-has-no-final'],
    meddle: () =>
      changing<object, InferResponse>('ModelInfer', (response) => ({
        ...response,
        parameters: { triton_final_response: { bool_param: true } },
      })),
  },
  {
    what: 'refuses priorities',
    fails: ['extensions.schedule-policy'],
    meddle: () => refusing(({ parameters = {} }) => Object.hasOwn(parameters, 'priority')),
  },
  {
    what: 'refuses binary_data_output',
    fails: ['extensions.binary'],
    meddle: () => refusing(({ parameters = {} }) => Object.hasOwn(parameters, 'binary_data_output')),
  },
  {
    what: 'calls the model otherwise in its config',
    fails: ['model-config.name'],
    meddle: configs((config) => ({ ...config, name: `${config.name}.onnx` })),
  },
  {
    what: 'has a batch axis in its config',
    fails: [
      'infer.no-elements',
      'grpc.large-message',
      'grpc.larger-message',
      'model-config.tensors',
      'statistics.inference-count',
      'statistics.batch-stats',
      'classification.*',
    ],
    meddle: configs((config) => ({ ...config, max_batch_size: 0 })),
  },
  {
    what: 'promises more rows than it takes',
    fails: ['model-config.batch-size'],
    meddle: configs((config) => (config.name === 'pair' ? { ...config, max_batch_size: 100 } : config)),
  },
  {
    what: 'has a negative max_batch_size',
    fails: [
      'infer.no-elements',
      'model-config.tensors',
      'model-config.batch-size',
      'statistics.inference-count',
      'statistics.batch-stats',
      'classification.*',
    ],
    meddle: configs((config) => (config.name === 'pair' ? { ...config, max_batch_size: -1 } : config)),
  },
  {
    what: 'has a config of what is not there',
    fails: ['model-config.unknown-model'],
    meddle: () => forgiving('ModelConfig', () => ({ name: 'pair' })),
  },
  {
    what: 'counts requests for inferences',
    fails: ['statistics.inference-count'],
    meddle: statistics((entry) => ({ ...entry, inference_count: entry.execution_count })),
  },
  {
    what: 'counts executions twice',
    fails: ['statistics.execution-count'],
    meddle: statistics((entry) => ({ ...entry, execution_count: doubled(entry.execution_count) })),
  },
  { what: 'counts successes twice', fails: ['statistics.success-count'], meddle: statistics((entry) => withDuration(entry, 'success')) },
  { what: 'counts waits twice', fails: ['statistics.stage-counts'], meddle: statistics((entry) => withDuration(entry, 'queue')) },
  { what: 'has no batch statistics', fails: ['statistics.batch-stats'], meddle: statistics((entry) => ({ ...entry, batch_stats: [] })) },
  {
    what: 'tells the last inference in seconds',
    fails: ['statistics.last-inference'],
    meddle: statistics((entry) => ({ ...entry, last_inference: String((Number(entry.last_inference) / 1000) | 0) })),
  },
  {
    what: 'has statistics of named models alone',
    fails: ['statistics.all-models'],
    meddle: () =>
      meddleWith<{ name: string }, Statistics>('ModelStatistics', async ({ request, answer }) =>
        request.name === '' ? { code: 0, text: '', message: { model_stats: [] } } : answer(),
      ),
  },
  {
    what: 'has statistics of all versions, whichever is named',
    fails: ['statistics.one-version'],
    meddle: () =>
      meddleWith<{ name: string; version: string }, Statistics>('ModelStatistics', async ({ request, answer }) =>
        answer(request.version === '987654' ? request : { ...request, version: '' }),
      ),
  },
  {
    what: 'has statistics of what is not there',
    fails: ['statistics.unknown'],
    meddle: () => forgiving('ModelStatistics', () => ({ name: 'pair' })),
  },
  {
    what: 'leaves a model out of its index',
    fails: ['repository.models'],
    meddle: index((models) => models.filter(({ name }) => name !== 'pair')),
  },
  {
    what: 'has states of its own',
    fails: ['repository.states', 'repository.ready-filter', 'repository.agrees'],
    meddle: index((models) => models.map((model) => ({ ...model, state: model.state === 'READY' ? 'AVAILABLE' : model.state }))),
  },
  {
    what: 'lists what is not ready as ready',
    fails: ['repository.ready-filter'],
    meddle: index((models, { ready }) => (ready ? [...models, { name: 'asleep', version: '1', state: 'READY', reason: '' }] : models)),
  },
  {
    what: 'says READY of what is not',
    fails: ['repository.agrees'],
    meddle: index((models) => [...models, { name: 'asleep', version: '1', state: 'READY', reason: '' }]),
  },
  {
    what: 'loads what is not there',
    fails: ['repository.load-unknown'],
    meddle: () => meddleWith('RepositoryModelLoad', async ({ answer }) => ({ ...(await answer()), code: 0, message: {} })),
  },
  {
    what: 'does not unload',
    fails: ['repository.reload'],
    meddle: () => meddleWith('RepositoryModelUnload', async () => ({ code: 0, text: '', message: {} })),
  },
];
