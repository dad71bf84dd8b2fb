import type { InferStreamResponse } from '../gen/millrace/v1/inference.js';
import { InferenceServiceDefinition, InferStreamRequest } from '../gen/millrace/v1/inference.js';
import type { Method, SendingCall, Service } from '../grpc/call.js';
import type { DataPlane } from '../serving/data-plane.js';
import { createInferCodec } from '../wire/codec.js';
import { createMillraceAnswerEncoder, type MillraceAnswer } from '../wire/millrace-answer.js';
import { createInferRequestDecoder } from '../wire/millrace-decode.js';
import { formatStreamPiece, type ParsedInfer, parseInferStreamRequest } from '../wire/millrace-v1.js';
import { MILLRACE_INFER_LAYOUT } from '../wire/request-bounds.js';
import { statusOf } from '../wire/status.js';
import { methodOf, pathOf } from './method.js';

export interface InferenceV1Options {
  /** Bytes of typed contents that one message may hold, in and out. */
  readonly maxTypedBytes: number;
}

/** `millrace.v1.InferenceService`: our own facade, made for people and for grpcurl. */
export function inferenceV1Service(plane: DataPlane, { maxTypedBytes }: InferenceV1Options): Service {
  const { infer, inferStream } = InferenceServiceDefinition.methods;
  const unary: Method<ParsedInfer, MillraceAnswer> = {
    path: pathOf(InferenceServiceDefinition, infer),
    request: { decode: createInferRequestDecoder(maxTypedBytes) },
    response: { encode: createMillraceAnswerEncoder(maxTypedBytes) },
    admission: 'inference',
    kind: 'unary',
    borrowsRequest: true,
    handle: async (parsed, call) => ({ parsed, response: await plane.infer(parsed.request, call, 'split') }),
  };
  const streaming: Method<InferStreamRequest, InferStreamResponse> = {
    ...methodOf(InferenceServiceDefinition, inferStream),
    request: createInferCodec(InferStreamRequest, MILLRACE_INFER_LAYOUT, maxTypedBytes),
    admission: 'inference',
    kind: 'server_stream',
    handle: (message, call) => stream(plane, message, call, maxTypedBytes),
  };
  return { name: InferenceServiceDefinition.fullName, statusOf, methods: [unary, streaming] };
}

/** Asks for the next piece only when the last one could be written: the reader's pace is the stream's. */
async function stream(
  plane: DataPlane,
  message: InferStreamRequest,
  call: SendingCall<InferStreamResponse>,
  maxTypedBytes: number,
): Promise<void> {
  const parsed = parseInferStreamRequest(message);
  let sequence = 0;
  for await (const piece of plane.stream(parsed.request, parsed.options, call)) {
    await call.send(formatStreamPiece(parsed, piece, sequence, maxTypedBytes));
    sequence += 1;
  }
}
