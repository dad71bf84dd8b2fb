/** A request message, how often it is chosen beside the others, and what its latency is told under. */
export interface Body {
  readonly message: Uint8Array;
  readonly weight: number;
  /** From 0. */
  readonly class: number;
}

/** Calls of one method. */
export interface Order {
  /** "/package.Service/Method" */
  readonly path: string;
  readonly bodies: readonly Body[];
  readonly connections: number;
  /** Of a closed loop: each calls again when it was answered. */
  readonly callers: number;
  /** Makes it an open loop: calls a second that arrive at seeded Poisson times, from which their latency counts. */
  readonly rate?: number;
  /** Answers to each call; 1 where absent. */
  readonly messages?: number;
  /** Each call is a stream, with so many unanswered messages at a time, until the time is over. */
  readonly ahead?: number;
}

export interface Latencies {
  readonly calls: number;
  readonly p50Micros: number;
  readonly p99Micros: number;
}

/** What calls for a while showed. */
export interface Report extends Latencies {
  readonly failed: number;
  readonly firstFailure?: string;
  readonly perSecond: number;
  readonly messagesPerSecond: number;
  /** By the bodies' classes. */
  readonly classes: readonly Latencies[];
  /** Arrivals of an open loop that were not sent, and how late the others were. */
  readonly dropped: number;
  readonly sendLagP99Micros: number;
}

/** A program, or this process, that makes calls and takes the time. */
export interface Generator extends Disposable {
  readonly name: 'go' | 'node';
  /** Whether it can do what an order asks for. */
  takes(order: Order): boolean;
  run(address: string, order: Order, seconds: number): Promise<Report>;
}

export const MODEL_INFER = '/inference.GRPCInferenceService/ModelInfer';

/** One message for every call. */
export function always(message: Uint8Array): readonly Body[] {
  return [{ message, weight: 1, class: 0 }];
}
