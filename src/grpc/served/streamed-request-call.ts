import type { Decoder } from '../call.js';
import { RequestStream } from './request-stream.js';
import { ServedCall } from './served-call.js';

/** A call whose request is a stream of messages: served from the headers on. */
export abstract class StreamedRequestCall extends ServedCall {
  override readonly isSingleRequest = false;
  #requests: RequestStream<unknown> | undefined;

  protected abstract readonly requestCodec: Decoder<unknown>;
  protected abstract serve(requests: AsyncIterable<unknown>): Promise<void>;

  override onStart(): void {
    this.#requests = new RequestStream(this.requestCodec, this.signal, () => this.read());
    void this.serve(this.#requests);
  }

  override onMessage(message: Buffer): void {
    this.#requests?.push(message);
  }

  override onHalfClose(): void {
    this.#requests?.end();
  }
}
