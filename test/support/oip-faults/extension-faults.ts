import type { InferRequest, InferResponse } from '../../conformance/oip/messages.js';
import { decodeBytes, encodeBytes } from '../../conformance/oip/tensor.js';
import { changing, type Fault, meddleWith, refusing } from './fault.js';

/** Changes the elements of outputs that were asked for as classifications. */
function classifications(change: (elements: string[]) => string[], shape?: (shape: readonly string[]) => readonly string[]) {
  return () =>
    changing<InferRequest, InferResponse>('ModelInfer', (response, { outputs }) => {
      if (!outputs?.some(({ parameters = {} }) => Object.hasOwn(parameters, 'classification'))) return response;
      const texts = (decodeBytes(response.raw_output_contents[0] ?? Buffer.alloc(0)) ?? []).map(String);
      return {
        ...response,
        outputs: response.outputs.map((output) => ({ ...output, shape: shape?.(output.shape) ?? output.shape })),
        raw_output_contents: [encodeBytes(change(texts).map((text) => Buffer.from(text)))],
      };
    });
}

function asksFor(request: InferRequest, parameter: string): boolean {
  const all = [...request.inputs, ...(request.outputs ?? [])];
  return all.some(({ parameters = {} }) => Object.hasOwn(parameters, parameter));
}

/** Classification, shared memory, settings, decoupled models. */
export const EXTENSION_FAULTS: readonly Fault[] = [
  {
    what: 'classifies into another shape',
    fails: ['classification.shape', 'classification.more-than-there-are'],
    meddle: classifications(
      (elements) => elements,
      (shape) => shape.slice(1),
    ),
  },
  {
    what: 'classifies from the lowest',
    fails: ['classification.values', 'classification.order'],
    meddle: classifications((elements) => elements.reverse()),
  },
  {
    what: 'classifies without values',
    fails: ['classification.values', 'classification.order'],
    meddle: classifications((elements) => elements.map((element) => element.replace(/^[^:]*/, '0'))),
  },
  {
    what: 'classifies one class over and over',
    fails: ['classification.order', 'classification.more-than-there-are'],
    meddle: classifications((elements) => elements.map((element, at) => elements[at - (at % 2)] ?? element)),
  },
  {
    what: 'has no shared memory',
    fails: ['shared-memory.inputs', 'shared-memory.outputs'],
    meddle: () => refusing((request) => asksFor(request, 'shared_memory_region')),
  },
  {
    what: 'forgets what is registered',
    fails: ['shared-memory.status'],
    meddle: () => changing<object, object>('SystemSharedMemoryStatus', () => ({ regions: {} })),
  },
  {
    what: 'sends what it should share',
    fails: ['shared-memory.outputs'],
    meddle: () =>
      changing<InferRequest, InferResponse>('ModelInfer', (response, { outputs = [] }) =>
        outputs.some(({ parameters = {} }) => Object.hasOwn(parameters, 'shared_memory_region'))
          ? { ...response, raw_output_contents: [Buffer.from('here')] }
          : response,
      ),
  },
  {
    what: 'registers what is not there',
    fails: ['shared-memory.unknown-key', 'shared-memory.outside'],
    meddle: () => meddleWith('SystemSharedMemoryRegister', async ({ answer }) => ({ ...(await answer()), code: 0, message: {} })),
  },
  {
    what: 'answers from memory that is not there',
    fails: ['shared-memory.bounds', 'shared-memory.unknown-region'],
    meddle: () =>
      meddleWith<InferRequest, object>('ModelInfer', async ({ request, answer }) => {
        const answered = await answer();
        return answered.code !== 0 && asksFor(request, 'shared_memory_region')
          ? { code: 0, text: '', message: { model_name: 'pair' } }
          : answered;
      }),
  },
  { what: 'tells no trace settings', fails: ['trace.read'], meddle: () => changing('TraceSetting', () => ({ settings: {} })) },
  {
    what: 'takes any trace setting',
    fails: ['trace.unknown-setting', 'trace.unknown-model'],
    meddle: () =>
      meddleWith('TraceSetting', async ({ answer }) => ({
        settings: {},
        ...(await answer()),
        code: 0,
        message: (await answer()).message ?? { settings: {} },
      })),
  },
  {
    what: 'tells log settings as texts',
    fails: ['logging.read'],
    meddle: () => changing('LogSettings', () => ({ settings: { log_info: { string_param: 'true' } } })),
  },
  {
    what: 'takes any log setting',
    fails: ['logging.unknown-setting', 'logging.wrong-type'],
    meddle: () =>
      meddleWith('LogSettings', async ({ answer }) => ({
        ...(await answer()),
        code: 0,
        message: (await answer()).message ?? { settings: {} },
      })),
  },
  {
    what: 'answers ModelInfer of decoupled models',
    fails: ['decoupled.unary'],
    meddle: () =>
      meddleWith<InferRequest, object>('ModelInfer', async ({ request, answer }) => {
        const answered = await answer();
        return answered.code !== 0 && request.model_name === 'repeat' ? { code: 0, text: '', message: { model_name: 'repeat' } } : answered;
      }),
  },
];
