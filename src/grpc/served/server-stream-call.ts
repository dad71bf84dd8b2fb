import type { Method, SendingCall } from '../call.js';
import { decodeRequest } from './decode-request.js';
import { Sender } from './sender.js';
import type { CallHead, CallHost, Route } from './served-call.js';
import { SingleRequestCall } from './single-request-call.js';

export type ServerStreamMethod = Extract<Method, { readonly kind: 'server_stream' }>;

export class ServerStreamCall extends SingleRequestCall implements SendingCall<unknown> {
  override readonly lasting = true;
  readonly #method: ServerStreamMethod;
  readonly #sender = new Sender(this);

  constructor(host: CallHost, route: Route<ServerStreamMethod>, head: CallHead) {
    super(host, route, head);
    this.#method = route.method;
  }

  async send(message: unknown): Promise<void> {
    await this.#sender.send(this.#method.response.encode(message));
  }

  protected override async serve(request: Buffer): Promise<void> {
    const { handle, request: codec } = this.#method;
    try {
      await handle(decodeRequest(codec, request), this);
      this.succeed();
    } catch (error) {
      this.fail(error);
    }
  }
}
