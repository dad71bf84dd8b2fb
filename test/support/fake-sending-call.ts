import type { Span } from '@opentelemetry/api';
import type { StreamingCall } from '../../src/grpc/call.js';
import { HeaderMetadata } from '../../src/grpc/metadata.js';
import { CancelSource } from '../../src/model/cancel-signal.js';
import type { VersionId } from '../../src/model/id.js';

/** A call for a facade under test, without a transport: keeps what is sent, and makes the sender wait while `hold` says so. */
export class FakeSendingCall<O> implements StreamingCall<O> {
  readonly path = '/test.Test/Fake';
  readonly metadata: HeaderMetadata;
  readonly peer = { address: 'unix:', local: true };
  readonly startedAt = 0;
  readonly deadline = Infinity;
  span: Span | undefined;
  readonly signal = new CancelSource();
  target: VersionId | undefined;
  idle = false;
  /** Requests whose memory may be used again. */
  readonly done: Uint8Array[] = [];
  readonly sent: O[] = [];
  /** What each `send` waits for. */
  hold: Promise<void> = Promise.resolve();

  /** Names and values in turn. */
  constructor(metadata: readonly string[] = []) {
    this.metadata = new HeaderMetadata(metadata);
  }

  doneWith(request: Uint8Array): void {
    this.done.push(request);
  }

  addHeader(): void {}

  addTrailer(): void {}

  async send(message: O): Promise<void> {
    this.sent.push(message);
    await this.hold;
  }
}
