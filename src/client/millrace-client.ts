import {
  type ChannelOptions,
  Client,
  type ClientReadableStream,
  credentials,
  type CallOptions as GrpcCallOptions,
  Metadata,
  type ServiceError,
} from '@grpc/grpc-js';
import {
  InferenceServiceDefinition,
  type InferRequest,
  type InferResponse,
  type InferStreamRequest,
  type InferStreamResponse,
} from '../gen/millrace/v1/inference.js';
import { CallError } from './call-error.js';
import { type ClientMethod, createMethod } from './method.js';

export type { InferRequest, InferResponse, InferStreamRequest, InferStreamResponse };

export interface ClientOptions {
  /** Undefined: the connection is not encrypted. */
  readonly tls: TlsOptions | undefined;
  readonly maxMessageBytes: number;
}

/** PEM texts. Without `ca` the system's own authorities are trusted; `cert` and `key` are this client's own. */
export interface TlsOptions {
  readonly ca?: Buffer;
  readonly cert?: Buffer;
  readonly key?: Buffer;
}

export interface CallOptions {
  /** 0, or absent: as long as it takes. */
  readonly timeoutMs?: number;
  readonly signal?: AbortSignal;
}

const SERVICE = InferenceServiceDefinition;
const INFER = createMethod(SERVICE.fullName, SERVICE.methods.infer);
const INFER_STREAM = createMethod(SERVICE.fullName, SERVICE.methods.inferStream);

/** grpc-js counts from 0 to this; the server has its own limit. */
const DEFAULT_MAX_MESSAGE_BYTES = 2 ** 31 - 1;
/** Addresses that never lie behind a proxy, whatever the environment says of proxies. */
const LOCAL = /^(unix:|localhost(:|$)|127\.|\[::1\])/;

/** A channel to one server. Rejections are CallErrors. */
export class MillraceClient implements AsyncDisposable {
  readonly #client: Client;

  /** `address` is "host:port" or "unix:/path". Nothing is sent before the first call. */
  constructor(address: string, { tls, maxMessageBytes = DEFAULT_MAX_MESSAGE_BYTES }: Partial<ClientOptions> = {}) {
    this.#client = new Client(address, createCredentials(tls), channelOptions(address, maxMessageBytes));
  }

  infer(request: InferRequest, options: CallOptions = {}): Promise<InferResponse> {
    const { signal } = options;
    return new Promise((resolve, reject) => {
      const settle = (error: ServiceError | null, response?: InferResponse) => {
        signal?.removeEventListener('abort', cancel);
        if (response !== undefined) resolve(response);
        else reject(error === null ? new CallError('INTERNAL', 'the call ended without a response', undefined) : CallError.from(error));
      };
      const call = this.#client.makeUnaryRequest(
        INFER.path,
        INFER.serialize,
        INFER.deserialize,
        request,
        new Metadata(),
        grpcOptions(options),
        settle,
      );
      const cancel = () => call.cancel();
      cancelWith(signal, cancel);
    });
  }

  /** Messages as they come, at the reader's pace. Leaving the loop early cancels the call. */
  async *inferStream(request: InferStreamRequest, options: CallOptions = {}): AsyncGenerator<InferStreamResponse, void, undefined> {
    const { signal } = options;
    const call = startStream(this.#client, INFER_STREAM, request, options);
    // The loop below sees every error; one that comes after a reader has left it is the cancellation's own.
    call.on('error', () => undefined);
    const cancel = () => call.cancel();
    cancelWith(signal, cancel);
    try {
      // A readable stream's chunks are untyped; the method's deserialize made them.
      yield* call as AsyncIterable<InferStreamResponse>;
    } catch (error) {
      throw isServiceError(error) ? CallError.from(error) : error;
    } finally {
      signal?.removeEventListener('abort', cancel);
      call.cancel();
    }
  }

  /** Ends the channel; calls that still run are not waited for. Idempotent. */
  close(): void {
    this.#client.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    this.close();
    return Promise.resolve();
  }
}

function startStream<I, O>(client: Client, method: ClientMethod<I, O>, request: I, options: CallOptions): ClientReadableStream<O> {
  return client.makeServerStreamRequest(method.path, method.serialize, method.deserialize, request, new Metadata(), grpcOptions(options));
}

function cancelWith(signal: AbortSignal | undefined, cancel: () => void): void {
  if (signal?.aborted === true) cancel();
  else signal?.addEventListener('abort', cancel, { once: true });
}

function grpcOptions({ timeoutMs = 0 }: CallOptions): GrpcCallOptions {
  return timeoutMs === 0 ? {} : { deadline: Date.now() + timeoutMs };
}

function createCredentials(tls: TlsOptions | undefined) {
  if (tls === undefined) return credentials.createInsecure();
  return credentials.createSsl(tls.ca ?? null, tls.key ?? null, tls.cert ?? null);
}

function channelOptions(address: string, maxMessageBytes: number): ChannelOptions {
  return {
    'grpc.max_receive_message_length': maxMessageBytes,
    'grpc.max_send_message_length': maxMessageBytes,
    'grpc.enable_channelz': 0,
    ...(LOCAL.test(address) ? { 'grpc.enable_http_proxy': 0 } : {}),
  };
}

function isServiceError(error: unknown): error is ServiceError {
  return error instanceof Error && 'code' in error && 'details' in error && 'metadata' in error;
}
