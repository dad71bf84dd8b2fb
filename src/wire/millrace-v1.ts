import { invalidRequest } from '../error/serving-error.js';
import type {
  InferRequest as WireRequest,
  InferResponse as WireResponse,
  InferStreamRequest as WireStreamRequest,
  InferStreamResponse as WireStreamResponse,
  Timings as WireTimings,
} from '../gen/millrace/v1/inference.js';
import type { Tensor as WireTensor } from '../gen/millrace/v1/tensor.js';
import { parseVersionReference } from '../model/id.js';
import type { InferRequest, InferResponse, StreamOptions, StreamPiece, Timings } from '../model/infer.js';
import type { Tensor } from '../tensor/tensor.js';
import { formatTensor, parseTensor, type TensorEncoding } from './millrace-tensor.js';
import { rpcStatusOf } from './status.js';

/** A request as the data plane takes it, and how its answer is to be encoded. */
export interface ParsedInfer {
  readonly request: InferRequest;
  readonly outputEncoding: TensorEncoding;
}

export interface ParsedInferStream extends ParsedInfer {
  readonly options: StreamOptions;
}

/** By enum number; 0 is "unspecified", whose meaning the field's documentation gives. */
const ENCODINGS: readonly (TensorEncoding | 'as_inputs')[] = ['as_inputs', 'raw', 'typed'];
const ORDERINGS: readonly StreamOptions['ordering'][] = ['in_order', 'in_order', 'as_ready'];
const ON_ERRORS: readonly StreamOptions['onError'][] = ['fail_stream', 'fail_stream', 'continue'];

/** Raw contents stay views of the message. Throws `invalid_request`; whether the tensors fit the model is not looked at. */
export function parseInferRequest(message: WireRequest | WireStreamRequest): ParsedInfer {
  const { model, inputs } = message;
  const encoding = parseEnum('output_encoding', ENCODINGS, message.outputEncoding);
  return {
    request: {
      model,
      version: parseVersionReference(message.version),
      requestId: message.requestId,
      inputs: inputs.map((input) => parseTensor(input, model)),
      outputNames: message.outputNames,
      priority: message.priority,
    },
    outputEncoding: encoding === 'as_inputs' ? encodingOf(message) : encoding,
  };
}

/** The same for a stream, with its options. */
export function parseInferStreamRequest(message: WireStreamRequest): ParsedInferStream {
  const options: StreamOptions = {
    rowsPerMessage: message.rowsPerMessage,
    ordering: parseEnum('ordering', ORDERINGS, message.ordering),
    onError: parseEnum('on_error', ON_ERRORS, message.onError),
  };
  return { ...parseInferRequest(message), options };
}

/** `parsed` is the request that `response` answers. Throws `invalid_request` where the outputs are typed and of more than `maxTypedBytes`. */
export function formatInferResponse(parsed: ParsedInfer, response: InferResponse, maxTypedBytes: number): WireResponse {
  const { request } = parsed;
  return {
    model: request.model,
    version: response.version,
    requestId: request.requestId,
    outputs: formatOutputs(response.outputs, parsed, maxTypedBytes),
    timings: formatTimings(response.timings),
  };
}

/** The same for one message of a stream; `sequence` counts them from 0. */
export function formatStreamPiece(parsed: ParsedInfer, piece: StreamPiece, sequence: number, maxTypedBytes: number): WireStreamResponse {
  const { request } = parsed;
  return {
    sequence,
    rowOffset: piece.rowOffset,
    rowCount: piece.rowCount,
    outputs: formatOutputs(piece.outputs, parsed, maxTypedBytes),
    error: piece.error && rpcStatusOf(piece.error),
    timings: piece.timings && formatTimings(piece.timings),
    final: piece.final,
    model: request.model,
    version: piece.version,
    requestId: request.requestId,
  };
}

/** A list of values takes many times the memory of their bytes, so that typed outputs have a limit of their own. */
function formatOutputs(outputs: readonly Tensor[], { outputEncoding }: ParsedInfer, maxTypedBytes: number): WireTensor[] {
  if (outputEncoding === 'typed') {
    const bytes = outputs.reduce((sum, { data }) => sum + data.length, 0);
    if (bytes > maxTypedBytes) {
      const limit = `the limit of ${maxTypedBytes} bytes for typed contents`;
      throw invalidRequest(`outputs of ${bytes} bytes are over ${limit}: ask for OUTPUT_ENCODING_RAW`);
    }
  }
  return outputs.map((output) => formatTensor(output, outputEncoding));
}

function encodingOf({ inputs }: WireRequest | WireStreamRequest): TensorEncoding {
  return inputs.some(({ raw }) => raw !== undefined) ? 'raw' : 'typed';
}

/** Numbers that the proto does not name are refused: an old server cannot know what a newer client means by them. */
function parseEnum<T>(field: string, values: readonly T[], number: number): T {
  const value = values[number];
  if (value !== undefined) return value;
  throw invalidRequest(`${field} is ${number}, expected a number from 0 to ${values.length - 1}`);
}

function formatTimings({ queueUs, assembleUs, executeUs, batchSize }: Timings): WireTimings {
  return { queueUs: BigInt(wholeUs(queueUs)), assembleUs: BigInt(wholeUs(assembleUs)), executeUs: BigInt(wholeUs(executeUs)), batchSize };
}

/** A time as messages carry it: whole microseconds from 0 to MAX_SAFE_INTEGER. */
export function wholeUs(us: number): number {
  return Math.min(Math.max(0, Math.round(us)), Number.MAX_SAFE_INTEGER);
}
