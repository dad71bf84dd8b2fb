import { isDatatype } from '../../conformance/oip/datatype.js';
import type { InferRequest, InferResponse } from '../../conformance/oip/messages.js';
import { extremeTensor } from '../../conformance/oip/sample.js';
import { changing, type Fault, meddleWith, reading, refusal, refusing } from './fault.js';

function responses(change: (response: InferResponse, request: InferRequest) => InferResponse, when?: (request: InferRequest) => boolean) {
  return () => changing('ModelInfer', change, when);
}

function requests(change: (request: InferRequest) => InferRequest) {
  return () => reading<InferRequest>('ModelInfer', change);
}

function refusals(when: (request: InferRequest) => boolean, code = 3) {
  return () => refusing(when, code);
}

/** The last bit of the last byte is another one. */
function flipped(raw: Buffer): Buffer {
  return Buffer.concat([raw.subarray(0, -1), Buffer.from([(raw.at(-1) ?? 0) ^ 1])]);
}

function flipAll(response: InferResponse): InferResponse {
  return { ...response, raw_output_contents: response.raw_output_contents.map((raw) => (raw.length === 0 ? raw : flipped(raw))) };
}

function isTyped({ inputs, raw_input_contents: raw }: InferRequest): boolean {
  return (raw?.length ?? 0) === 0 && inputs.some(({ contents }) => contents !== undefined && contents !== null);
}

function isExtreme({ inputs, raw_input_contents: raw }: InferRequest): boolean {
  return inputs.some(({ name, datatype, shape }, at) => {
    if (!isDatatype(datatype)) return false;
    const extreme = extremeTensor(
      name,
      datatype,
      shape
        .slice(0, 3)
        .map(Number)
        .map((size) => Math.min(size, 8)),
    );
    return raw?.[at]?.equals(extreme.raw) ?? false;
  });
}

function bytesOf({ inputs, raw_input_contents: raw }: InferRequest): Buffer {
  return inputs[0]?.datatype === 'BYTES' ? (raw?.[0] ?? Buffer.alloc(0)) : Buffer.alloc(0);
}

function hasParameters({ parameters = {}, inputs, outputs = [] }: InferRequest): boolean {
  return [{ parameters }, ...inputs, ...outputs].some(({ parameters: own = {} }) =>
    Object.keys(own).some((name) => name.startsWith('oip_')),
  );
}

export const INFER_FAULTS: readonly Fault[] = [
  {
    what: 'refuses every request',
    fails: ['infer.accepted', 'infer.accepted-everywhere', 'decoupled.unary'],
    meddle: refusals(() => true),
  },
  {
    what: 'hangs on every request',
    fails: ['infer.accepted', 'infer.accepted-everywhere', 'grpc.cut-frame'],
    hangs: true,
    among: ['infer.', 'model-ready.', 'grpc.cut-frame'],
    meddle: () => meddleWith('ModelInfer', async () => 'hang'),
  },
  {
    what: 'refuses the requests of one model',
    fails: ['infer.accepted-everywhere'],
    meddle: refusals(({ model_name: name }) => name === 'pair'),
  },
  {
    what: 'answers under another model',
    fails: ['infer.model-name', 'grpc.unknown-fields', 'stream.answer'],
    meddle: responses((response) => ({ ...response, model_name: 'other' })),
  },
  {
    what: 'does not say which version ran',
    fails: [
      'infer.default-version',
      'statistics.inference-count',
      'statistics.execution-count',
      'statistics.success-count',
      'statistics.stage-counts',
      'statistics.batch-stats',
      'statistics.last-inference',
      'stream.answer',
    ],
    meddle: responses((response, { model_version: version }) => (version === '' ? { ...response, model_version: '' } : response)),
  },
  {
    what: 'runs another version than asked for',
    fails: ['infer.asked-version', 'refuse.unknown-version'],
    meddle: requests((request) => ({ ...request, model_version: '' })),
  },
  {
    what: 'loses the id',
    fails: ['infer.id', 'infer.long-id', 'grpc.concurrency'],
    meddle: responses((response) => ({ ...response, id: '' })),
  },
  {
    what: 'answers with another id',
    fails: ['infer.id', 'infer.long-id', 'grpc.concurrency'],
    meddle: responses((response, { id }) => ({ ...response, id: id === '' ? '' : `${id ?? ''}!` })),
  },
  { what: 'cuts ids', fails: ['infer.long-id'], meddle: responses((response) => ({ ...response, id: response.id.slice(0, 128) })) },
  {
    what: 'makes up an id',
    fails: ['infer.no-id'],
    meddle: responses((response) => ({ ...response, id: response.id === '' ? 'made-up' : response.id })),
  },
  {
    what: 'leaves out an output',
    fails: ['infer.all-outputs', 'infer.same-output', 'stream.answer'],
    meddle: responses((response, { outputs }) =>
      response.outputs.length < 2 || (outputs?.length ?? 0) > 0
        ? response
        : { ...response, outputs: response.outputs.slice(0, 1), raw_output_contents: response.raw_output_contents.slice(0, 1) },
    ),
  },
  {
    what: 'answers in another datatype',
    fails: ['infer.output-datatypes', 'stream.answer', 'classification.values', 'classification.order'],
    meddle: responses((response) => ({
      ...response,
      outputs: response.outputs.map((output) => (output.datatype === 'FP32' ? { ...output, datatype: 'UINT32' } : output)),
    })),
  },
  {
    what: 'leaves the rows out of its shapes',
    fails: [
      'infer.output-shapes',
      'infer.sizes',
      'infer.no-elements',
      'data.raw.INT8',
      'data.raw.INT64',
      'data.raw.FP16',
      'data.raw.FP32',
      'data.raw.BYTES',
      'data.empty-bytes',
      'data.any-bytes',
      'data.long-bytes',
      'grpc.large-message',
      'grpc.larger-message',
      'statistics.inference-count',
      'statistics.batch-stats',
      'stream.answer',
      'classification.values',
    ],
    meddle: responses((response) => ({
      ...response,
      outputs: response.outputs.map((output) => ({ ...output, shape: output.shape.slice(1) })),
    })),
  },
  {
    what: 'gives all outputs, whichever are named',
    fails: ['infer.one-output', 'infer.output-order', 'refuse.unknown-output', 'classification.*', 'shared-memory.outputs'],
    meddle: requests((request) => ({ ...request, outputs: [] })),
  },
  {
    what: 'gives outputs in the order of the model',
    fails: ['infer.output-order'],
    meddle: requests((request) => ({
      ...request,
      outputs: [...(request.outputs ?? [])].sort((one, other) => one.name.localeCompare(other.name)),
    })),
  },
  {
    what: 'gives the contents of outputs in the order of the model',
    fails: ['infer.same-output'],
    meddle: responses((response) =>
      response.outputs[0]?.name === 'D' ? { ...response, raw_output_contents: [...response.raw_output_contents].reverse() } : response,
    ),
  },
  {
    what: 'gives contents beside raw contents',
    fails: ['infer.one-representation'],
    meddle: responses((response) => ({
      ...response,
      outputs: response.outputs.map((output) => (output.datatype === 'FP32' ? { ...output, contents: { fp32_contents: [1] } } : output)),
    })),
  },
  {
    what: 'gives contents in place of raw contents',
    fails: ['infer.raw-responses'],
    meddle: responses((response) =>
      response.outputs.every(({ datatype }) => datatype === 'INT8')
        ? {
            ...response,
            outputs: response.outputs.map((output, at) => ({
              ...output,
              contents: { int_contents: [...new Int8Array(response.raw_output_contents[at] ?? [])] },
            })),
            raw_output_contents: [],
          }
        : response,
    ),
  },
  {
    what: 'gives no contents at all',
    fails: [
      'infer.sizes',
      'infer.raw-responses',
      'stream.answer',
      'classification.values',
      'classification.more-than-there-are',
      'shared-memory.outputs',
    ],
    meddle: responses((response) => (response.model_name === 'pair' ? { ...response, raw_output_contents: [] } : response)),
  },
  {
    what: 'pads its answers',
    fails: [
      'infer.sizes',
      'infer.rows',
      'stream.answer',
      'classification.values',
      'classification.order',
      'classification.more-than-there-are',
      'shared-memory.outputs',
    ],
    meddle: responses((response) => ({
      ...response,
      raw_output_contents: response.raw_output_contents.map((raw) => Buffer.concat([raw, Buffer.alloc(1)])),
    })),
  },
  {
    what: 'takes inputs by their place',
    fails: ['infer.input-order'],
    meddle: requests((request) => {
      if (request.inputs[0]?.name !== 'B' || request.inputs.length !== 2) return request;
      // What was meant for B lands in A: as many bytes of it as fit.
      const [b = Buffer.alloc(0), a = Buffer.alloc(0)] = request.raw_input_contents ?? [];
      return { ...request, raw_input_contents: [Buffer.concat([a, b.subarray(a.length)]), b.subarray(0, a.length)] };
    }),
  },
  { what: 'refuses parameters that it does not know', fails: ['infer.unknown-parameters'], meddle: refusals(hasParameters) },
  {
    what: 'gives every row the answer of the first',
    fails: ['infer.rows'],
    meddle: responses((response) => {
      const rows = Number(response.outputs[0]?.shape[0] ?? 1);
      if (rows !== 2) return response;
      const half = (raw: Buffer) => raw.subarray(0, raw.length / 2);
      return { ...response, raw_output_contents: response.raw_output_contents.map((raw) => Buffer.concat([half(raw), half(raw)])) };
    }),
  },
  {
    what: 'refuses tensors without elements',
    fails: ['infer.no-elements'],
    meddle: refusals(({ inputs }) => inputs.some(({ shape }) => shape.includes('0'))),
  },
  {
    what: 'changes odd bits on their way',
    fails: ['data.raw.*'],
    everyDatatype: true,
    meddle: responses(flipAll, isExtreme),
  },
  {
    what: 'reads typed contents wrongly',
    fails: ['data.typed.*'],
    everyDatatype: true,
    meddle: responses(flipAll, isTyped),
  },
  {
    what: 'takes no empty texts',
    fails: ['data.empty-bytes'],
    meddle: refusals((request) => bytesOf(request).length >= 4 && bytesOf(request).readUInt32LE() === 0),
  },
  { what: 'takes UTF-8 alone', fails: ['data.any-bytes'], meddle: refusals((request) => bytesOf(request)[4] === 0xff) },
  { what: 'takes no long texts', fails: ['data.long-bytes'], meddle: refusals((request) => bytesOf(request).length > 50_000) },
  {
    what: 'has no code for what is not there',
    fails: ['refuse.code-not-found'],
    meddle: () =>
      meddleWith('ModelInfer', async ({ answer }) => {
        const answered = await answer();
        return answered.code === 5 ? refusal(2, answered.text) : answered;
      }),
  },
  {
    what: 'blames itself for wrong requests',
    fails: ['refuse.code-invalid-argument'],
    meddle: () =>
      meddleWith('ModelInfer', async ({ answer }) => {
        const answered = await answer();
        return answered.code === 3 ? refusal(13, answered.text) : answered;
      }),
  },
  {
    what: 'does not say why',
    fails: ['refuse.message'],
    meddle: () =>
      meddleWith('ModelInfer', async ({ answer }) => {
        const answered = await answer();
        return answered.code === 0 ? answered : { ...answered, text: '' };
      }),
  },
];
