import { ServingError } from '../../error/serving-error.js';
import { ServedCall } from './served-call.js';

/** A call whose request is one message: served once the client has half-closed. */
export abstract class SingleRequestCall extends ServedCall {
  override readonly isSingleRequest = true;
  #request: Buffer | undefined;

  protected abstract serve(request: Buffer): Promise<void>;

  override onMessage(message: Buffer): void {
    if (this.#request !== undefined) return this.fail(new ServingError('unsupported', 'expected one request message, got more'));
    this.#request = message;
    this.read();
  }

  override onHalfClose(): void {
    this.requestCame();
    const request = this.#request;
    if (request === undefined) return this.fail(new ServingError('unsupported', 'expected one request message, got none'));
    this.#request = undefined;
    void this.serve(request);
  }
}
