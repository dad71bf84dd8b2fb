import { ServingError } from '../error/serving-error.js';
import { GRPCInferenceServiceDefinition } from '../gen/inference/grpc_service.js';
import type { ModelStreamInferResponse } from '../gen/inference/infer.js';
import type { Codec, Method, StreamingCall } from '../grpc/call.js';
import type { CallContext } from '../model/call-context.js';
import { type CancelListener, CancelSource } from '../model/cancel-signal.js';
import type { VersionId } from '../model/id.js';
import type { StreamOptions } from '../model/infer.js';
import type { TensorMemory } from '../model/tensor-memory.js';
import type { DataPlane } from '../serving/data-plane.js';
import { ParameterAttributes } from '../telemetry/parameter-attributes.js';
import { inferErrorOf, type OipInferRequest, oipErrorOf } from '../wire/oip-request.js';
import {
  createStreamRequestParser,
  formatStreamError,
  formatStreamResponse,
  modelStreamInferResponseCodec,
  type StreamRequest,
  type StreamSubject,
} from '../wire/oip-stream.js';
import { methodOf } from './method.js';
import { type ForwardPattern, findReservedHeader, GRPC_ERROR, recordParameters } from './oip-parameters.js';

/** Requests of one stream that are read and not yet answered in full: enough to fill a few batches, few enough to hold for a client that does not read. */
const MAX_UNDER_WAY = 64;
/** Bytes of these requests, what they have in shared memory included, and of answers that wait to be written, above which no further request is read. */
const MAX_HELD_BYTES = 16 * 1024 * 1024;

/** Decoupled models choose their responses themselves. */
const WHOLE: StreamOptions = { rowsPerMessage: 0, ordering: 'in_order', onError: 'fail_stream' };

/** Messages are decoded one by one in the stream, so that a bad one costs its own answer and not the call. */
const BYTES: Codec<Uint8Array> = { encode: (message) => message, decode: (bytes) => bytes };

export function modelStreamInferMethod(
  plane: DataPlane,
  { maxTypedBytes, headerForwardPattern }: { readonly maxTypedBytes: number; readonly headerForwardPattern?: ForwardPattern },
  memory?: TensorMemory,
): Method<Uint8Array, ModelStreamInferResponse> {
  const parse = createStreamRequestParser(maxTypedBytes, memory);
  return {
    ...methodOf(GRPCInferenceServiceDefinition, GRPCInferenceServiceDefinition.methods.modelStreamInfer),
    request: BYTES,
    response: modelStreamInferResponseCodec,
    admission: 'inference',
    kind: 'bidi',
    handle: (requests, call) => new InferStream(plane, parse, call, headerForwardPattern).run(requests),
  };
}

/**
 * One ModelStreamInfer: requests are read while earlier ones run, so that they share batches. Answers of ordinary models keep the requests'
 * order, those of decoupled models come as they are made. It is the context of all its requests: they end with it.
 */
class InferStream implements CallContext, CancelListener {
  readonly signal = new CancelSource();
  readonly #plane: DataPlane;
  readonly #parse: (bytes: Uint8Array) => StreamRequest;
  readonly #call: StreamingCall<ModelStreamInferResponse>;
  readonly #errorsEndStream: boolean;
  readonly #forwardPattern: ForwardPattern;
  /** Why every request is refused: headers belong to the stream as a whole. */
  readonly #headerRefusal: ServingError | undefined;
  readonly #attributes: ParameterAttributes | undefined;
  #underWay = 0;
  #heldBytes = 0;
  #halfClosed = false;
  /** Over once the last ordered answer is written. */
  #lastTurn: Promise<void> = Promise.resolve();
  #onRoom: (() => void) | undefined;
  #resolve: () => void = () => undefined;
  #reject: (reason: ServingError) => void = () => undefined;

  constructor(
    plane: DataPlane,
    parse: (bytes: Uint8Array) => StreamRequest,
    call: StreamingCall<ModelStreamInferResponse>,
    forwardPattern: ForwardPattern,
  ) {
    this.#plane = plane;
    this.#parse = parse;
    this.#call = call;
    this.#errorsEndStream = call.metadata.get(GRPC_ERROR) === 'true';
    this.#forwardPattern = forwardPattern;
    this.#headerRefusal = forwardPattern && findReservedHeader(call.metadata, forwardPattern);
    this.#attributes = call.span && new ParameterAttributes(call.span);
  }

  get deadline(): number {
    return this.#call.deadline;
  }

  get span(): CallContext['span'] {
    return this.#call.span;
  }

  /** The call has one span: the model of the first request decides whether it stays. */
  set span(span: CallContext['span']) {
    this.#call.span = span;
  }

  /** The call is counted once, under the version that its last request found. */
  get target(): VersionId | undefined {
    return this.#call.target;
  }

  set target(target: VersionId | undefined) {
    this.#call.target = target;
  }

  /** Resolves once the client has half-closed and everything is answered. */
  async run(requests: AsyncIterable<Uint8Array>): Promise<void> {
    const done = new Promise<void>((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
    this.#call.signal.subscribe(this);
    this.#call.idle = true;
    void this.#read(requests);
    try {
      await done;
    } finally {
      this.#call.signal.unsubscribe(this);
    }
  }

  onCancel(reason: ServingError): void {
    this.#fail(reason);
  }

  async #read(requests: AsyncIterable<Uint8Array>): Promise<void> {
    try {
      for await (const bytes of requests) {
        if (this.signal.reason !== undefined) return;
        this.#take(bytes);
        if (!this.#hasRoom()) await new Promise<void>((resolve) => (this.#onRoom = resolve));
      }
      this.#halfClosed = true;
      if (this.#underWay === 0) this.#resolve();
    } catch (error) {
      this.#fail(ServingError.from(error));
    }
  }

  #hasRoom(): boolean {
    return this.#underWay < MAX_UNDER_WAY && this.#heldBytes < MAX_HELD_BYTES;
  }

  #take(bytes: Uint8Array): void {
    if (this.#underWay === 0) this.#call.idle = false;
    this.#underWay += 1;
    void this.#serve(bytes);
  }

  /** Never rejects: what goes wrong beyond the request itself ends the stream. */
  async #serve(bytes: Uint8Array): Promise<void> {
    const parsed = this.#parse(bytes);
    const held = bytes.length + (parsed.kind === 'request' ? (parsed.request.memoryBytes ?? 0) : 0);
    this.#heldBytes += held;
    try {
      // Whatever was begun for one that failed may still read it.
      if (await this.#answer(parsed)) this.#call.doneWith(bytes);
    } catch (error) {
      this.#fail(ServingError.from(error));
    }
    this.#underWay -= 1;
    this.#heldBytes -= held;
    if (this.#underWay === 0) {
      if (this.#halfClosed) this.#resolve();
      else this.#call.idle = true;
    }
    if (this.#hasRoom()) this.#onRoom?.();
  }

  /** Whether with results. */
  #answer(parsed: StreamRequest): Promise<boolean> {
    if (parsed.kind === 'unreadable') return this.#inTurn(undefined, Promise.reject(parsed.error));
    if (parsed.kind === 'refused') return this.#inTurn(parsed.subject, Promise.reject(parsed.error));
    const { subject, parameters, request, emptyFinal } = parsed;
    if (this.#headerRefusal !== undefined) return this.#inTurn(subject, Promise.reject(this.#headerRefusal));
    if (this.#attributes !== undefined) recordParameters(this.#attributes, parameters, this.#call.metadata, this.#forwardPattern);
    let decoupled: boolean;
    try {
      decoupled = this.#plane.describe(request.model, request.version).spec.decoupled;
    } catch (error) {
      return this.#inTurn(subject, Promise.reject(oipErrorOf(ServingError.from(error), request.version)));
    }
    return decoupled ? this.#answerMany(subject, request, emptyFinal) : this.#inTurn(subject, this.#infer(request));
  }

  async #infer(request: OipInferRequest): Promise<ModelStreamInferResponse> {
    try {
      return formatStreamResponse(request, await this.#plane.infer(request, this), true);
    } catch (error) {
      throw inferErrorOf(ServingError.from(error), request);
    }
  }

  /** Sends an answer, or the error in its place, behind those of all earlier requests. */
  #inTurn(subject: StreamSubject | undefined, answer: Promise<ModelStreamInferResponse>): Promise<boolean> {
    const turn = this.#sendInTurn(subject, answer, this.#lastTurn);
    // A turn that failed ends the stream; who comes after it sees that.
    this.#lastTurn = turn.then(ignore, ignore);
    return turn;
  }

  async #sendInTurn(
    subject: StreamSubject | undefined,
    answer: Promise<ModelStreamInferResponse>,
    earlier: Promise<void>,
  ): Promise<boolean> {
    let bytes: number | undefined;
    try {
      const response = await answer;
      bytes = bytesOf(response);
      this.#heldBytes += bytes;
      await earlier;
      if (this.signal.reason === undefined) await this.#call.send(response);
      return true;
    } catch (error) {
      await earlier;
      await this.#refuse(subject, ServingError.from(error), bytes !== undefined);
      return false;
    } finally {
      this.#heldBytes -= bytes ?? 0;
    }
  }

  /** A decoupled model's responses, each asked for when the last one could be written. */
  async #answerMany(subject: StreamSubject, request: OipInferRequest, emptyFinal: boolean): Promise<boolean> {
    let answered = false;
    try {
      for await (const piece of this.#plane.stream(request, WHOLE, this)) {
        if (piece.final && !emptyFinal) continue;
        answered = true;
        await this.#call.send(formatStreamResponse(request, piece, piece.final));
      }
      return true;
    } catch (error) {
      await this.#refuse(subject, inferErrorOf(ServingError.from(error), request), answered);
      return false;
    }
  }

  /** Tells of an error in band, or ends the stream with it. `scheduled`: for certain, whatever the error's code suggests. */
  async #refuse(subject: StreamSubject | undefined, error: ServingError, scheduled: boolean): Promise<void> {
    if (this.signal.reason !== undefined) return;
    if (subject === undefined || this.#errorsEndStream) this.#fail(error);
    else await this.#call.send(formatStreamError(subject, error, scheduled));
  }

  /** Ends the call with `reason`, and everything under way with it. */
  #fail(reason: ServingError): void {
    if (this.signal.reason !== undefined) return;
    this.#reject(reason);
    this.signal.cancel(reason);
    this.#onRoom?.();
  }
}

function ignore(): void {}

function bytesOf({ inferResponse }: ModelStreamInferResponse): number {
  let bytes = 0;
  for (const { length } of inferResponse?.rawOutputContents ?? []) bytes += length;
  return bytes;
}
