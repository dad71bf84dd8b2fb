import type { ServiceError } from '@grpc/grpc-js';
import { decodeMessage } from './protos.js';

/** How a call was refused: what a client can see of it. */
export interface Refusal {
  readonly code: number;
  readonly text: string;
  /** Of google.rpc.ErrorInfo in `grpc-status-details-bin`; empty where there is none. */
  readonly reason: string;
  readonly domain: string;
  /** Of google.rpc.RetryInfo; undefined where there is none. */
  readonly retryAfterMs: number | undefined;
}

/** A google.rpc.Status, as it also stands in a stream's messages. */
export interface RpcStatus {
  readonly code: number;
  readonly message: string;
  readonly details: readonly WireAny[];
}

interface WireAny {
  readonly type_url: string;
  readonly value: Buffer;
}

interface ErrorInfo {
  readonly reason: string;
  readonly domain: string;
}

interface RetryInfo {
  readonly retry_delay: { readonly seconds: string; readonly nanos: number };
}

/** What a failed call tells its client; throws where `call` does not fail. */
export async function refusalOf(call: Promise<unknown>): Promise<Refusal> {
  const error = await call.then(
    () => undefined,
    (reason: unknown) => reason as ServiceError,
  );
  if (error === undefined) throw new Error('the call was answered, expected a refusal');
  return parseRefusal(error);
}

export function parseRefusal({ code, details: text, metadata }: ServiceError): Refusal {
  const [bytes] = metadata.get('grpc-status-details-bin');
  const details = bytes === undefined ? [] : (decodeMessage('google.rpc.Status', Buffer.from(bytes)) as RpcStatus).details;
  const info = findDetail(details, 'google.rpc.ErrorInfo') as ErrorInfo | undefined;
  const retry = findDetail(details, 'google.rpc.RetryInfo') as RetryInfo | undefined;
  return { code, text, reason: info?.reason ?? '', domain: info?.domain ?? '', retryAfterMs: retry && toMs(retry) };
}

function toMs({ retry_delay: { seconds, nanos } }: RetryInfo): number {
  return Number(seconds) * 1000 + nanos / 1e6;
}

function findDetail(details: readonly WireAny[], type: string): object | undefined {
  const found = details.find(({ type_url: url }) => url === `type.googleapis.com/${type}`);
  return found && decodeMessage(type, found.value);
}
