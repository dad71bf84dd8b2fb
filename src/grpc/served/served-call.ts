import type { Span } from '@opentelemetry/api';
import { ServingError } from '../../error/serving-error.js';
import { CancelSource } from '../../model/cancel-signal.js';
import type { VersionId } from '../../model/id.js';
import type { AnswerMemory } from '../../wire/codec.js';
import type { CallStatus } from '../../wire/status.js';
import type { Admission, Arrival, Call, Method, Peer, RequestMetadata, Service } from '../call.js';
import type { CarriedCall, Carrier } from '../carrier.js';
import { DeadlineEntry } from '../deadline-wheel.js';
import { createMetadataField, type MetadataField } from '../metadata-field.js';
import type { GrpcServerDeps } from '../server-options.js';
import type { CallRoster } from './call-roster.js';

/** What the calls of one server share. */
export interface CallHost extends GrpcServerDeps {
  readonly maxMessageBytes: number;
  readonly bodyTimeoutMs: number;
  readonly answerTimeoutMs: number;
  readonly roster: CallRoster;
  readonly answerMemory?: AnswerMemory;
}

/** A method and the facade that it belongs to. */
export interface Route<M extends Method = Method> {
  readonly method: M;
  readonly service: Service;
}

/** What the headers of a call say. */
export interface CallHead {
  readonly metadata: RequestMetadata;
  readonly peer: Peer;
  readonly startedAt: number;
  readonly deadline: number;
}

/** `open`: no status yet. `answered`: the status is said, though perhaps still on its way. `left`: nothing more to come. */
type Phase = 'open' | 'answered' | 'left';

const OK: CallStatus = { code: 0, message: 'OK' };
const CANCELLED = 1;
const LATE = 'deadline exceeded';

/** How long an answer given at the deadline may be stuck behind a client that does not read before the stream is reset. */
const LINGER_MS = 1000;

/**
 * One call in the making, for all four kinds and every transport: the context that the facade sees, what its carrier feeds
 * and the entry in the deadline wheel, in one object. It answers once, whoever is first: the handler, the deadline, the client
 * that went away, or the transport that refused the body.
 */
export abstract class ServedCall extends DeadlineEntry implements Call, Arrival, CarriedCall {
  readonly signal = new CancelSource();
  readonly path: string;
  readonly admission: Admission;
  readonly metadata: RequestMetadata;
  readonly peer: Peer;
  readonly startedAt: number;
  readonly deadline: number;
  span: Span | undefined;
  target: VersionId | undefined;
  addedHeaders: MetadataField[] | undefined;
  addedTrailers: MetadataField[] | undefined;

  readonly #host: CallHost;
  readonly #service: Service;
  #carrier: Carrier | undefined;
  #phase: Phase = 'open';
  /** When a request that is one message has to be complete; Infinity once it is. */
  #requestDue = Infinity;
  /** Of an answer that its client has not taken yet, when it was last looked at. */
  #unsentBytes = 0;

  constructor(host: CallHost, { method, service }: Route, head: CallHead) {
    super();
    this.path = method.path;
    this.admission = method.admission;
    this.metadata = head.metadata;
    this.peer = head.peer;
    this.startedAt = head.startedAt;
    this.deadline = head.deadline;
    this.#host = host;
    this.#service = service;
  }

  /** True for calls that stay open as long as the client likes: a drain ends them, it does not wait for them. */
  abstract readonly lasting: boolean;

  abstract onMessage(message: Buffer): void;
  abstract onHalfClose(): void;

  /** Whether a request is complete with its half-close, rather than a stream that goes on as long as the client likes. */
  abstract readonly isSingleRequest: boolean;

  /** The carrier has taken the call and says so with `onStart`. */
  begin(carrier: Carrier): void {
    this.#carrier = carrier;
    if (this.isSingleRequest) this.#requestDue = this.startedAt + this.#host.bodyTimeoutMs;
    this.#wakeBy(Math.min(this.deadline, this.#requestDue));
  }

  /** Nothing more of the request is to come. The wheel is left alone: most calls are over long before it would wake them. */
  protected requestCame(): void {
    this.#requestDue = Infinity;
  }

  #wakeBy(time: number): void {
    if (time !== Infinity) this.#host.wheel.schedule(this, time);
  }

  /** Asks for the next message, or for the news that there is none. */
  read(): void {
    this.#carrier?.read();
  }

  onStart(): void {
    this.read();
  }

  onUnreadable(status: CallStatus): void {
    if (this.#phase !== 'open') return;
    this.#end(status);
    this.signal.cancel(new ServingError('cancelled', `the request cannot be read: ${status.message}`));
  }

  onGone(said: number | undefined): void {
    if (this.#phase === 'open') this.#goneWith(said ?? CANCELLED);
    this.#phase = 'left';
    this.#host.wheel.cancel(this);
    this.#host.door.leave(this);
    this.#host.roster.leave(this);
  }

  /** The deadline of the call or of its request; behind the answer, for a client that has not read it. */
  override expire(): void {
    switch (this.#phase) {
      case 'open':
        this.#expireOpen(this.#host.clock.now());
        return;
      case 'answered':
        if ((this.#carrier?.unsentBytes ?? 0) < this.#unsentBytes) this.#awaitReader();
        else this.#carrier?.abort();
        return;
      case 'left':
        return;
      default:
        this.#phase satisfies never;
    }
  }

  #expireOpen(now: number): void {
    const reason = this.deadline <= now ? LATE : this.#requestDue <= now ? this.#incomplete() : undefined;
    if (reason === undefined) return this.#wakeBy(this.deadline);
    this.abandon(new ServingError('deadline_exceeded', reason));
    this.#linger();
  }

  #incomplete(): string {
    return `the request did not arrive completely within ${this.#host.bodyTimeoutMs / 1000} s`;
  }

  /** Where the answer is not out yet, its client has so long to read it, all of it. */
  #linger(): void {
    if (this.#phase === 'left') return;
    this.#unsentBytes = 0;
    this.#wakeBy(this.#host.clock.now() + LINGER_MS);
  }

  /** Where an only answer is not out yet, its client has to take some of it now and then. */
  #awaitReader(): void {
    const unsent = this.#carrier?.unsentBytes;
    if (this.#phase === 'left' || this.lasting || unsent === undefined) return;
    this.#unsentBytes = unsent;
    this.#wakeBy(this.#host.clock.now() + this.#host.answerTimeoutMs);
  }

  /** Answers at once with `reason`, whether or not the handler ever returns, and tells the handler so. */
  abandon(reason: ServingError): void {
    this.fail(reason);
    this.signal.cancel(reason);
  }

  /** Answers with an error, unless the call is answered already. */
  fail(error: unknown): void {
    if (this.#phase !== 'open') return;
    const failure = ServingError.from(error);
    if (failure.code === 'internal') this.#host.onInternalError(failure.cause ?? failure, this.path);
    this.#end(this.#service.statusOf(failure));
  }

  addHeader(name: string, value: string | Uint8Array): void {
    const field = createMetadataField(name, value);
    if (this.#phase !== 'open') return;
    if (this.#carrier?.hasResponded === true) throw new Error(`header '${name}' is added behind the first message`);
    this.addedHeaders ??= [];
    this.addedHeaders.push(field);
  }

  addTrailer(name: string, value: string | Uint8Array): void {
    const field = createMetadataField(name, value);
    if (this.#phase !== 'open') return;
    this.addedTrailers ??= [];
    this.addedTrailers.push(field);
  }

  /** Answers with OK, unless the call is answered already. */
  succeed(): void {
    if (this.#phase === 'open') this.#end(OK);
  }

  /** The transport's buffer is full: whoever writes should wait for a `written`. */
  get full(): boolean {
    return this.#carrier?.isFull === true;
  }

  /** Hands one message to the transport, which calls `written` when it is out. False once the call is answered. */
  write(message: Uint8Array, written: () => void): boolean {
    if (this.#phase !== 'open') return false;
    const limit = this.#host.maxMessageBytes;
    if (message.byteLength > limit) {
      throw new ServingError('too_large', `response message of ${message.byteLength} bytes is over the limit of ${limit} bytes`);
    }
    this.#carrier?.write(message, written);
    return true;
  }

  /** Nobody refers to the request any more, whatever has become of the call, nor to the answer once it is out. */
  protected release(request: Uint8Array, answer: Uint8Array): void {
    this.#carrier?.release(request, answer);
  }

  /** Where an answer may be put; undefined where the transport has no such place. */
  protected get answerMemory(): AnswerMemory | undefined {
    return this.#host.answerMemory;
  }

  /** Tells a drain whether it has to wait for this call. */
  protected rest(idle: boolean): void {
    if (this.#phase === 'open') this.#host.roster.rest(this, idle);
  }

  #end(status: CallStatus): void {
    this.#phase = 'answered';
    this.#host.wheel.cancel(this);
    this.#host.observer.end(this, status.code);
    this.#carrier?.end(status);
    this.#awaitReader();
  }

  /** Over without our doing. */
  #goneWith(status: number): void {
    this.#phase = 'answered';
    this.signal.cancel(this.#host.roster.closing ? closing() : new ServingError('cancelled', 'the call was cancelled by the client'));
    this.#host.observer.end(this, status);
  }
}

function closing(): ServingError {
  return new ServingError('draining', 'the server is closing', { retryAfterMs: 0 });
}
