import type { Decoder, Method } from '../call.js';
import type { CallHead, CallHost, Route } from './served-call.js';
import { StreamedRequestCall } from './streamed-request-call.js';

export type ClientStreamMethod = Extract<Method, { readonly kind: 'client_stream' }>;

export class ClientStreamCall extends StreamedRequestCall {
  override readonly lasting = true;
  protected override readonly requestCodec: Decoder<unknown>;
  readonly #method: ClientStreamMethod;

  constructor(host: CallHost, route: Route<ClientStreamMethod>, head: CallHead) {
    super(host, route, head);
    this.requestCodec = route.method.request;
    this.#method = route.method;
  }

  protected override async serve(requests: AsyncIterable<unknown>): Promise<void> {
    const { handle, response } = this.#method;
    try {
      const answer: unknown = await handle(requests, this);
      this.write(response.encode(answer), ignore);
      this.succeed();
    } catch (error) {
      this.fail(error);
    }
  }
}

/** The status follows the only message at once; nobody waits for the message to be out. */
function ignore(): void {}
