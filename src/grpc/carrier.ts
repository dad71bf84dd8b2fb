import type { ServingError } from '../error/serving-error.js';
import type { CallStatus } from '../wire/status.js';
import type { MetadataField } from './metadata-field.js';

/** What a transport does for one call: moves its messages and says how it ended. */
export interface Carrier {
  /** Asks for the next message: `onMessage` follows, or `onHalfClose` where there is none. */
  read(): void;
  /** Hands over one message; `written` is called when it is out. Where `isFull` is false behind it, it may be called at any time or never. */
  write(message: Uint8Array, written: () => void): void;
  /** Nobody refers to the request any more, nor to the only answer once it is out: a transport may use their memory again. Before `end`. */
  release(request: Uint8Array, answer: Uint8Array): void;
  /** Says the status, behind everything that was written. Once. */
  end(status: CallStatus): void;
  /** A message was written: what stands before the first one is settled. */
  readonly hasResponded: boolean;
  /** Whoever writes should wait for a `written`. */
  readonly isFull: boolean;
  /** Of what was written: what waits for the client to make room. Undefined where the transport does not say. */
  readonly unsentBytes: number | undefined;
  /** Gives up what is still to be sent or received. */
  abort(): void;
}

/** What a transport tells a call, and asks it. */
export interface CarriedCall {
  /** Its request is one message, which is kept until the half-close. */
  readonly isSingleRequest: boolean;
  /** Metadata of the handler's own, before the first message and beside the status; undefined for most calls. */
  readonly addedHeaders: readonly MetadataField[] | undefined;
  readonly addedTrailers: readonly MetadataField[] | undefined;
  /** From here on there is something to read. */
  onStart(): void;
  /** One message, decompressed and within the limit. */
  onMessage(message: Buffer): void;
  /** The client sends no more. */
  onHalfClose(): void;
  /** The body cannot be read: too large, malformed, or not to be decompressed. */
  onUnreadable(status: CallStatus): void;
  /** The transport has a reason of its own to end the call with an error. */
  abandon(reason: ServingError): void;
  /**
   * Exactly once, and last: the answer is out, or the client has gone. `said` is the number of the gRPC status that the transport itself has answered with,
   * where it did.
   */
  onGone(said: number | undefined): void;
}
