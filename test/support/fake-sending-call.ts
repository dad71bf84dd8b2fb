import type { SendingCall } from '../../src/grpc/call.js';
import { HeaderMetadata } from '../../src/grpc/metadata.js';
import { CancelSource } from '../../src/model/cancel-signal.js';
import type { VersionId } from '../../src/model/id.js';

/** A call for a facade under test, without a transport: keeps what is sent, and makes the sender wait while `hold` says so. */
export class FakeSendingCall<O> implements SendingCall<O> {
  readonly path = '/test.Test/Fake';
  readonly metadata = new HeaderMetadata([]);
  readonly peer = { address: 'unix:', local: true };
  readonly startedAt = 0;
  readonly deadline = Infinity;
  readonly span = undefined;
  readonly signal = new CancelSource();
  target: VersionId | undefined;
  readonly sent: O[] = [];
  /** What each `send` waits for. */
  hold: Promise<void> = Promise.resolve();

  async send(message: O): Promise<void> {
    this.sent.push(message);
    await this.hold;
  }
}
