import type { ServingError } from '../../error/serving-error.js';
import type { CancelListener, CancelSignal } from '../../model/cancel-signal.js';
import type { Decoder } from '../call.js';
import { decodeRequest } from './decode-request.js';

type State<I> =
  | { readonly name: 'idle' }
  | {
      readonly name: 'waiting';
      readonly resolve: (result: IteratorResult<I, undefined>) => void;
      readonly reject: (reason: unknown) => void;
    }
  | { readonly name: 'ended' }
  | { readonly name: 'cancelled'; readonly reason: ServingError };

const IDLE = { name: 'idle' } as const;
const ENDED = { name: 'ended' } as const;
const DONE: IteratorResult<never, undefined> = { done: true, value: undefined };

/**
 * The client's messages, each read from the transport only when the handler asks for it. For one reader that asks for one
 * message at a time, as `for await` does. Rejects with the signal's reason once the call is cancelled.
 */
export class RequestStream<I> implements AsyncIterableIterator<I, undefined>, CancelListener {
  readonly #codec: Decoder<I>;
  readonly #read: () => void;
  #state: State<I> = IDLE;

  /** `read` asks the transport for one message: `push` or `end` follows. */
  constructor(codec: Decoder<I>, signal: CancelSignal, read: () => void) {
    this.#codec = codec;
    this.#read = read;
    signal.subscribe(this);
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  next(): Promise<IteratorResult<I, undefined>> {
    const state = this.#state;
    switch (state.name) {
      case 'idle':
        return new Promise((resolve, reject) => {
          this.#state = { name: 'waiting', resolve, reject };
          this.#read();
        });
      case 'waiting':
        return Promise.reject(new Error('the request stream is being read already'));
      case 'ended':
        return Promise.resolve(DONE);
      case 'cancelled':
        return Promise.reject(state.reason);
      default:
        return state satisfies never;
    }
  }

  /** The handler has seen enough. */
  return(): Promise<IteratorResult<I, undefined>> {
    this.#state = ENDED;
    return Promise.resolve(DONE);
  }

  /** One message, as it came. A malformed one ends the stream for the reader, with `invalid_request`. */
  push(bytes: Uint8Array): void {
    if (this.#state.name !== 'waiting') return;
    const { resolve, reject } = this.#state;
    try {
      const value = decodeRequest(this.#codec, bytes);
      this.#state = IDLE;
      resolve({ done: false, value });
    } catch (error) {
      this.#state = ENDED;
      reject(error);
    }
  }

  /** The client has half-closed. */
  end(): void {
    if (this.#state.name !== 'waiting') return;
    const { resolve } = this.#state;
    this.#state = ENDED;
    resolve(DONE);
  }

  onCancel(reason: ServingError): void {
    const state = this.#state;
    if (state.name === 'ended') return;
    this.#state = { name: 'cancelled', reason };
    if (state.name === 'waiting') state.reject(reason);
  }
}
