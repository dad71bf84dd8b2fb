import { BinaryReader, WireType } from '@bufbuild/protobuf/wire';
import type { ServingErrorCode } from '../error/code.js';
import { quote } from '../error/quote.js';
import { invalidRequest, ServingError } from '../error/serving-error.js';
import { type ModelInferRequest, type ModelInferResponse, ModelStreamInferResponse } from '../gen/inference/infer.js';
import { formatVersionReference } from '../model/id.js';
import type { InferResponse, StreamPiece } from '../model/infer.js';
import type { TensorMemory } from '../model/tensor-memory.js';
import { createCodec, type MessageCodec } from './codec.js';
import { FieldWriter, varintBytes } from './field-writer.js';
import { createModelInferDecoder } from './oip-decode.js';
import { type OipInferRequest, parseModelInferRequest } from './oip-request.js';
import { encodeModelInferResponse, formatModelInferResponse } from './oip-response.js';
import { rpcStatusOf } from './status.js';

const FINAL = 'triton_final_response';
const EMPTY_FINAL = 'triton_enable_empty_final_response';

/** What an error repeats of its request: model and version as they were asked for. */
export interface StreamSubject {
  readonly id: string;
  readonly model: string;
  readonly version: string;
}

/** One message of a stream. `unreadable` is no protobuf message at all: nothing that follows it can be trusted. */
export type StreamRequest =
  | {
      readonly kind: 'request';
      readonly subject: StreamSubject;
      readonly request: OipInferRequest;
      readonly emptyFinal: boolean;
      /** The message's own, unread. */
      readonly parameters: ModelInferRequest['parameters'];
    }
  | { readonly kind: 'refused'; readonly subject: StreamSubject; readonly error: ServingError }
  | { readonly kind: 'unreadable'; readonly error: ServingError };

/** Whether a request that failed so had been scheduled. Triton says less of one that had not. */
const SCHEDULED = {
  invalid_request: false,
  model_not_found: false,
  model_not_ready: false,
  not_found: false,
  already_exists: false,
  overloaded: false,
  draining: false,
  deadline_exceeded: true,
  cancelled: true,
  unauthenticated: false,
  permission_denied: false,
  backend_unavailable: true,
  backend_failed: true,
  load_failed: false,
  unsupported: false,
  too_large: false,
  internal: true,
} as const satisfies Record<ServingErrorCode, boolean>;

/** Makes a parser that never throws. Raw contents stay views of the bytes, inputs in `memory` are copied. */
export function createStreamRequestParser(maxTypedBytes: number, memory?: TensorMemory): (bytes: Uint8Array) => StreamRequest {
  const decode = createModelInferDecoder(maxTypedBytes);
  return (bytes) => {
    let subject: StreamSubject | undefined;
    try {
      const received = decode(bytes);
      if (received.kind === 'plain') return plainRequest(received.request);
      const { message } = received;
      subject = { id: message.id, model: message.modelName, version: message.modelVersion };
      const emptyFinal = parseEmptyFinal(message);
      return { kind: 'request', subject, request: parseModelInferRequest(message, memory), emptyFinal, parameters: message.parameters };
    } catch (thrown) {
      const error = ServingError.from(thrown);
      subject ??= readSubject(bytes);
      return subject === undefined ? { kind: 'unreadable', error } : { kind: 'refused', subject, error };
    }
  };
}

/** One without a parameter. */
function plainRequest(request: OipInferRequest): StreamRequest {
  const { requestId, model, version } = request;
  const subject = { id: requestId, model, version: formatVersionReference(version) };
  return { kind: 'request', subject, request, emptyFinal: false, parameters: {} };
}

export function formatStreamResponse(
  request: OipInferRequest,
  response: InferResponse | StreamPiece,
  final: boolean,
): ModelStreamInferResponse {
  return { errorMessage: '', inferResponse: { ...formatModelInferResponse(request, response), parameters: finalParameter(final) } };
}

/** `known`: the request had been scheduled for certain, whatever the error's code suggests. */
export function formatStreamError(subject: StreamSubject, error: ServingError, known: boolean): ModelStreamInferResponse {
  const scheduled = known || SCHEDULED[error.code];
  const inferResponse: ModelInferResponse = {
    modelName: scheduled ? subject.model : '',
    modelVersion: scheduled ? subject.version : '',
    id: subject.id,
    parameters: scheduled ? finalParameter(true) : {},
    outputs: [],
    rawOutputContents: [],
  };
  return { errorMessage: rpcStatusOf(error).message, inferResponse };
}

const generatedCodec = createCodec(ModelStreamInferResponse);

/** Field 2, length-delimited. */
const INFER_RESPONSE_TAG = (2 << 3) | 2;
/** The tag, and the longest length. */
const MARGIN = 1 + 5;

/** Moves the outputs' data once, as `encodeModelInferResponse` says. */
export const modelStreamInferResponseCodec: MessageCodec<ModelStreamInferResponse> = {
  encode(message) {
    const { errorMessage, inferResponse } = message;
    if (errorMessage !== '' || inferResponse === undefined) return generatedCodec.encode(message);
    const bytes = encodeModelInferResponse(inferResponse, MARGIN);
    const length = bytes.length - MARGIN;
    const start = MARGIN - 1 - varintBytes(length);
    new FieldWriter(bytes, start).head(INFER_RESPONSE_TAG, length);
    return bytes.subarray(start);
  },
  decode: (bytes) => generatedCodec.decode(bytes),
};

function finalParameter(final: boolean): ModelInferResponse['parameters'] {
  return { [FINAL]: { parameterChoice: { $case: 'boolParam', value: final } } };
}

function parseEmptyFinal({ parameters }: ModelInferRequest): boolean {
  const choice = parameters[EMPTY_FINAL]?.parameterChoice;
  if (choice === undefined) return false;
  if (choice.$case === 'boolParam') return choice.value;
  throw invalidRequest(`invalid value type for '${EMPTY_FINAL}' parameter, expected bool_param, got ${quote(choice.$case)}`);
}

/** What can be told of a request that cannot be decoded: its outermost texts. Undefined where the bytes are no sequence of protobuf fields. */
function readSubject(bytes: Uint8Array): StreamSubject | undefined {
  const subject = { model: '', version: '', id: '' };
  const names = [undefined, 'model', 'version', 'id'] as const;
  try {
    const reader = new BinaryReader(bytes);
    while (reader.pos < reader.len) {
      const [field, wireType] = reader.tag();
      const name = names[field];
      if (name !== undefined && wireType === WireType.LengthDelimited) subject[name] = reader.string();
      else reader.skip(wireType, field);
    }
    return reader.pos === reader.len ? subject : undefined;
  } catch {
    return undefined;
  }
}
