import type { CallStatus } from '../../wire/status.js';

const RESOURCE_EXHAUSTED = 8;
const INTERNAL = 13;

/** A body that cannot be read as messages. Codes and texts are those of grpc-js, on which the other transport stands. */
export class UnreadableBody extends Error {
  override readonly name = 'UnreadableBody';
  readonly status: CallStatus;

  constructor(status: CallStatus, cause?: unknown) {
    super(status.message, { cause });
    this.status = status;
  }
}

export function tooLarge(bytes: number, limit: number): UnreadableBody {
  return new UnreadableBody({ code: RESOURCE_EXHAUSTED, message: `Received message larger than max (${bytes} vs ${limit})` });
}

export function tooLargeUnpacked(limit: number): UnreadableBody {
  return new UnreadableBody({ code: RESOURCE_EXHAUSTED, message: `Received message that decompresses to a size larger than ${limit}` });
}

export function malformed(message: string, cause?: unknown): UnreadableBody {
  return new UnreadableBody({ code: INTERNAL, message }, cause);
}
