import type { Method } from '../call.js';
import { decodeRequest } from './decode-request.js';
import type { CallHead, CallHost, Route } from './served-call.js';
import { SingleRequestCall } from './single-request-call.js';

export type UnaryMethod = Extract<Method, { readonly kind: 'unary' }>;

export class UnaryCall extends SingleRequestCall {
  override readonly lasting = false;
  readonly #method: UnaryMethod;

  constructor(host: CallHost, route: Route<UnaryMethod>, head: CallHead) {
    super(host, route, head);
    this.#method = route.method;
  }

  protected override async serve(request: Buffer): Promise<void> {
    const { handle, request: codec, response, borrowsRequest } = this.#method;
    try {
      const answer: unknown = await handle(decodeRequest(codec, request), this);
      const message = response.encode(answer, borrowsRequest ? this.answerMemory : undefined);
      this.write(message, ignore);
      if (borrowsRequest) this.release(request, message);
      this.succeed();
    } catch (error) {
      this.fail(error);
    }
  }
}

/** The status follows the only message at once; nobody waits for the message to be out. */
function ignore(): void {}
