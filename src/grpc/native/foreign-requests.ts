import { ERROR_CODE } from '../../http2/error-code.js';
import type { Stream, StreamListener } from '../../http2/stream.js';
import type { Clock } from '../../model/clock.js';
import { NOT_GRPC } from './answers.js';

/** The requests of one connection that are not gRPC: each is heard out, as HTTP wants it, and told so. One that takes too long is told before its end. */
export class ForeignRequests {
  readonly #clock: Clock;
  readonly #timeoutMs: number;
  readonly #open = new Set<ForeignRequest>();

  constructor(clock: Clock, timeoutMs: number) {
    this.#clock = clock;
    this.#timeoutMs = timeoutMs;
  }

  add(stream: Stream): void {
    const request = new ForeignRequest(stream, this.#clock, this.#open);
    this.#open.add(request);
    stream.listener = request;
  }

  /** Now and then. A connection that is leaving waits for no request: it closes with its last stream, and a drain with it. */
  expire(isLeaving: boolean): void {
    const latest = this.#clock.now() - this.#timeoutMs;
    for (const request of this.#open) {
      if (request.since <= latest) request.giveUp();
      else if (isLeaving) request.answer();
    }
  }
}

class ForeignRequest implements StreamListener {
  /** When it came, or was answered: for the client to end it, and to take the answer. */
  since: number;
  readonly #stream: Stream;
  readonly #clock: Clock;
  readonly #open: Set<ForeignRequest>;
  #isAnswered = false;

  /** Leaves `open` by itself once it is over. */
  constructor(stream: Stream, clock: Clock, open: Set<ForeignRequest>) {
    this.since = clock.now();
    this.#stream = stream;
    this.#clock = clock;
    this.#open = open;
  }

  /** Idempotent. What is still to come of the request is refused with NO_ERROR: RFC 9113, section 8.1. */
  answer(): void {
    if (this.#isAnswered) return;
    this.#isAnswered = true;
    this.since = this.#clock.now();
    this.#stream.respond(NOT_GRPC.headers);
    this.#stream.send(NOTHING, NOT_GRPC.text);
    this.#stream.end([]);
    if (this.#stream.isOver) this.#open.delete(this);
  }

  /** Its client has had its time, for the request or for the answer. */
  giveUp(): void {
    if (!this.#isAnswered) return this.answer();
    this.#open.delete(this);
    this.#stream.reset(ERROR_CODE.CANCEL);
  }

  onData(_bytes: Buffer, start: number, end: number): void {
    this.#stream.consume(end - start);
  }

  onEnd(): void {
    this.answer();
  }

  onReset(): void {
    this.#open.delete(this);
  }

  /** The answer is out to its end. */
  onDrain(): void {
    this.#open.delete(this);
  }
}

const NOTHING = new Uint8Array(0);
