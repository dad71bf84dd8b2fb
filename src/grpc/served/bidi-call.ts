import { ServingError } from '../../error/serving-error.js';
import type { Decoder, Method, StreamingCall } from '../call.js';
import { Sender } from './sender.js';
import type { CallHead, CallHost, Route } from './served-call.js';
import { StreamedRequestCall } from './streamed-request-call.js';

export type BidiMethod = Extract<Method, { readonly kind: 'bidi' }>;

/** Its answers lie elsewhere. */
const NO_ANSWER = new Uint8Array(0);

export class BidiCall extends StreamedRequestCall implements StreamingCall<unknown> {
  override readonly lasting = true;
  protected override readonly requestCodec: Decoder<unknown>;
  readonly #method: BidiMethod;
  readonly #sender = new Sender(this);
  #idle = false;

  constructor(host: CallHost, route: Route<BidiMethod>, head: CallHead) {
    super(host, route, head);
    this.requestCodec = route.method.request;
    this.#method = route.method;
  }

  get idle(): boolean {
    return this.#idle;
  }

  set idle(idle: boolean) {
    this.#idle = idle;
    this.rest(idle);
  }

  async send(message: unknown): Promise<void> {
    await this.#sender.send(this.#method.response.encode(message));
  }

  doneWith(request: Uint8Array): void {
    this.release(request, NO_ANSWER);
  }

  protected override async serve(requests: AsyncIterable<unknown>): Promise<void> {
    try {
      await this.#method.handle(requests, this);
      this.succeed();
    } catch (error) {
      // What the handler left waiting, to read or to write, hears of it too.
      this.abandon(ServingError.from(error));
    }
  }
}
