import type { InferInput, InferRequest } from '../../conformance/oip/messages.js';
import { type Fault, meddleWith, reading } from './fault.js';

function requests(change: (request: InferRequest) => InferRequest) {
  return () => reading<InferRequest>('ModelInfer', change);
}

/** Inputs with their raw contents. */
function pairsOf({ inputs, raw_input_contents: raw = [] }: InferRequest): { input: InferInput; raw: Buffer | undefined }[] {
  return inputs.map((input, at) => ({ input, raw: raw[at] }));
}

function keep(request: InferRequest, wanted: (input: InferInput, at: number) => boolean): InferRequest {
  const kept = pairsOf(request).filter(({ input }, at) => wanted(input, at));
  return {
    ...request,
    inputs: kept.map(({ input }) => input),
    raw_input_contents: kept.flatMap(({ raw }) => (raw === undefined ? [] : [raw])),
  };
}

const SIZES: Readonly<Record<string, number>> = {
  BOOL: 1,
  INT8: 1,
  UINT8: 1,
  INT16: 2,
  UINT16: 2,
  FP16: 2,
  BF16: 2,
  INT32: 4,
  UINT32: 4,
  FP32: 4,
};

/** As many bytes as the shape asks for, for datatypes up to 4 bytes. */
function fitted({ datatype, shape }: InferInput, raw: Buffer): Buffer {
  const size = SIZES[datatype];
  const bytes = shape.reduce((product, each) => product * Number(each), size ?? 0);
  if (size === undefined || bytes <= 0 || bytes > 1_000_000) return raw;
  return Buffer.concat([raw, Buffer.alloc(bytes)]).subarray(0, bytes);
}

/** Servers that make something of a request that they should refuse. */
export const LENIENT_FAULTS: readonly Fault[] = [
  {
    what: 'answers what it should refuse',
    fails: [
      'refuse.*',
      '!refuse.code-not-found',
      '!refuse.code-invalid-argument',
      '!refuse.message',
      '!refuse.connection',
      'grpc.malformed-message',
      'shared-memory.bounds',
      'shared-memory.unknown-region',
      'repository.reload',
    ],
    meddle: () =>
      meddleWith<InferRequest, object>('ModelInfer', async ({ request, answer }) => {
        const answered = await answer();
        return answered.code === 3 || answered.code === 5 ? { code: 0, text: '', message: { model_name: request.model_name } } : answered;
      }),
  },
  {
    what: 'breaks where it should refuse',
    fails: [
      'refuse.*',
      '!refuse.message',
      '!refuse.connection',
      'grpc.malformed-message',
      'shared-memory.bounds',
      'shared-memory.unknown-region',
    ],
    meddle: () =>
      meddleWith('ModelInfer', async ({ answer }) => {
        const answered = await answer();
        return answered.code === 3 || answered.code === 5 ? { code: 14, text: 'connection reset' } : answered;
      }),
  },
  {
    what: 'overlooks inputs that the model does not have',
    fails: ['refuse.unknown-input', 'refuse.raw-more'],
    meddle: requests((request) => keep(request, ({ name }) => !name.startsWith('oip_'))),
  },
  {
    what: 'takes the first of two inputs of one name',
    fails: ['refuse.duplicate-input', 'refuse.raw-more'],
    meddle: requests((request) => keep(request, ({ name }, at) => request.inputs.findIndex((input) => input.name === name) === at)),
  },
  {
    what: 'overlooks outputs that the model does not have',
    fails: ['refuse.unknown-output'],
    meddle: requests((request) => ({ ...request, outputs: (request.outputs ?? []).filter(({ name }) => !name.startsWith('oip_')) })),
  },
  {
    what: 'overlooks surplus raw contents',
    fails: ['refuse.raw-more'],
    meddle: requests((request) => ({ ...request, raw_input_contents: (request.raw_input_contents ?? []).slice(0, request.inputs.length) })),
  },
  {
    what: 'runs the newest version where another is not there',
    fails: ['refuse.unknown-version'],
    meddle: requests((request) => (request.model_version === '987654' ? { ...request, model_version: '' } : request)),
  },
  {
    what: 'prefers raw contents to typed ones',
    fails: ['refuse.raw-and-typed'],
    meddle: requests((request) =>
      (request.raw_input_contents ?? []).length === 0
        ? request
        : {
            ...request,
            inputs: request.inputs.map(({ name, datatype, shape, parameters = {} }) => ({ name, datatype, shape, parameters })),
          },
    ),
  },
  {
    what: 'pads and cuts raw contents',
    fails: ['refuse.raw-short', 'refuse.raw-long', 'refuse.raw-twice', 'refuse.raw-empty'],
    meddle: requests((request) => ({
      ...request,
      raw_input_contents: (request.raw_input_contents ?? []).map((raw, at) => {
        const input = request.inputs[at];
        return input === undefined ? raw : fitted(input, raw);
      }),
    })),
  },
  {
    what: 'takes 1 for a dimension that is left out at the end',
    fails: ['refuse.high-rank'],
    meddle: requests((request) => ({
      ...request,
      inputs: request.inputs.map((input) =>
        input.shape.length === 3 && input.shape[2] === '1' ? { ...input, shape: input.shape.slice(0, 2) } : input,
      ),
    })),
  },
];
