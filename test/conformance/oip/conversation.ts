import type { ClientDuplexStream, ServiceError } from '@grpc/grpc-js';
import { assert, Failure } from './check.js';
import { describeReply, failedReply } from './reply.js';

/** A bidirectional stream and what came of it. */
export class Conversation<T> {
  readonly messages: T[] = [];
  /** Once the stream is over, one way or the other; never rejects. */
  readonly ended: Promise<void>;
  error: ServiceError | undefined;
  readonly #stream: ClientDuplexStream<object, object>;
  #wake: (() => void) | undefined;
  #over = false;

  constructor(stream: ClientDuplexStream<object, object>) {
    this.#stream = stream;
    stream.on('data', (message: T) => {
      this.messages.push(message);
      this.#wake?.();
    });
    stream.on('error', (error: ServiceError) => {
      this.error = error;
    });
    this.ended = new Promise((resolve) => {
      stream.on('status', () => {
        // The error of a stream comes after its status.
        setImmediate(() => {
          this.#over = true;
          this.#wake?.();
          resolve();
        });
      });
    });
  }

  send(message: object): void {
    this.#stream.write(message);
  }

  cancel(): void {
    this.#stream.cancel();
  }

  /** Waits until `count` messages are there; throws where the stream ends before. */
  async atLeast(count: number): Promise<readonly T[]> {
    while (this.messages.length < count && !this.#over) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
    assert(this.messages.length >= count, `${count} messages on the open stream`, `${this.messages.length}, then ${this.outcome()}`);
    return this.messages;
  }

  /** Half-closes and gives every message; throws where the stream does not end OK. */
  async finish(): Promise<readonly T[]> {
    this.#stream.end();
    await this.ended;
    if (this.error !== undefined) throw new Failure('a stream that ends OK after the half-close', this.outcome());
    return this.messages;
  }

  outcome(): string {
    return this.error === undefined ? 'OK' : describeReply(failedReply(this.error));
  }
}
