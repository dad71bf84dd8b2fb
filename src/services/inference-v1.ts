import type { InferResponse, InferStreamResponse } from '../gen/millrace/v1/inference.js';
import { InferenceServiceDefinition, InferRequest, InferStreamRequest } from '../gen/millrace/v1/inference.js';
import type { Call, Method, SendingCall, Service } from '../grpc/call.js';
import type { DataPlane } from '../serving/data-plane.js';
import { createInferCodec } from '../wire/codec.js';
import { formatInferResponse, formatStreamPiece, parseInferRequest, parseInferStreamRequest } from '../wire/millrace-v1.js';
import { MILLRACE_INFER_LAYOUT } from '../wire/request-bounds.js';
import { statusOf } from '../wire/status.js';
import { methodOf } from './method.js';

export interface InferenceV1Options {
  /** Bytes of typed contents that one message may hold, in and out. */
  readonly maxTypedBytes: number;
}

/** `millrace.v1.InferenceService`: our own facade, made for people and for grpcurl. */
export function inferenceV1Service(plane: DataPlane, { maxTypedBytes }: InferenceV1Options): Service {
  const { infer, inferStream } = InferenceServiceDefinition.methods;
  const unary: Method<InferRequest, InferResponse> = {
    ...methodOf(InferenceServiceDefinition, infer),
    request: createInferCodec(InferRequest, MILLRACE_INFER_LAYOUT, maxTypedBytes),
    admission: 'inference',
    kind: 'unary',
    borrowsRequest: true,
    handle: (message, call) => answer(plane, message, call, maxTypedBytes),
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

async function answer(plane: DataPlane, message: InferRequest, call: Call, maxTypedBytes: number): Promise<InferResponse> {
  const parsed = parseInferRequest(message);
  return formatInferResponse(parsed, await plane.infer(parsed.request, call), maxTypedBytes);
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
