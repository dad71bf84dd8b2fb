import { Client, type ClientDuplexStream, type ClientReadableStream, credentials, Metadata, type ServiceError } from '@grpc/grpc-js';
import { findMethod } from './protos.js';
import { parseRefusal, type Refusal } from './refusal.js';

export interface CallOptions {
  /** Milliseconds from now. */
  readonly timeoutMs?: number;
  readonly metadata?: Readonly<Record<string, string>>;
}

/** What came of a stream before it failed. */
export interface FailedStream<T> {
  readonly messages: readonly T[];
  readonly refusal: Refusal;
}

interface EndedStream<T> {
  readonly messages: T[];
  readonly error: ServiceError | undefined;
}

/** A client made from the proto files alone. A method is named "package.Service/Method". */
export class DynamicClient implements AsyncDisposable {
  readonly #client: Client;

  constructor(address: string) {
    this.#client = new Client(address, credentials.createInsecure(), {
      // A connection of its own, not one shared with every other client of this process.
      'grpc.use_local_subchannel_pool': 1,
      'grpc.max_receive_message_length': -1,
      'grpc.max_send_message_length': -1,
    });
  }

  /** Rejects with grpc-js's ServiceError. */
  unary<T>(method: string, message: object, options: CallOptions = {}): Promise<T> {
    const { path, requestSerialize, responseDeserialize } = findMethod(method);
    return this.#call(path, requestSerialize, responseDeserialize, message, options) as Promise<T>;
  }

  /** Any bytes in place of a message. */
  raw(method: string, bytes: Uint8Array, options: CallOptions = {}): Promise<Buffer> {
    const same = (buffer: Buffer) => buffer;
    return this.#call(`/${method}`, same, same, Buffer.from(bytes), options);
  }

  /** Every message of a server stream. Rejects with grpc-js's ServiceError. */
  async stream<T>(method: string, message: object, options: CallOptions = {}): Promise<T[]> {
    const { messages, error } = await this.#read<T>(method, message, options);
    if (error !== undefined) throw error;
    return messages;
  }

  /** A server stream that must fail; throws where it does not. */
  async failingStream<T>(method: string, message: object, options: CallOptions = {}): Promise<FailedStream<T>> {
    const { messages, error } = await this.#read<T>(method, message, options);
    if (error === undefined) throw new Error('the stream ended well, expected a failure');
    return { messages, refusal: parseRefusal(error) };
  }

  /** A server stream that the test reads at its own pace. */
  open<T>(method: string, message: object, options: CallOptions = {}): ClientReadableStream<T> {
    const { path, requestSerialize, responseDeserialize } = findMethod(method);
    const call = this.#client.makeServerStreamRequest(path, requestSerialize, responseDeserialize, message, ...callArguments(options));
    return call as ClientReadableStream<T>;
  }

  /** A bidirectional stream that the test writes and reads at its own pace. */
  converse<I, O>(method: string, options: CallOptions = {}): ClientDuplexStream<I, O> {
    const { path, requestSerialize, responseDeserialize } = findMethod(method);
    const call = this.#client.makeBidiStreamRequest(path, requestSerialize, responseDeserialize, ...callArguments(options));
    return call as unknown as ClientDuplexStream<I, O>;
  }

  [Symbol.asyncDispose](): Promise<void> {
    this.#client.close();
    return Promise.resolve();
  }

  #read<T>(method: string, message: object, options: CallOptions): Promise<EndedStream<T>> {
    const messages: T[] = [];
    let error: ServiceError | undefined;
    const call = this.open<T>(method, message, options);
    call.on('data', (each: T) => messages.push(each));
    call.on('error', (reason: ServiceError) => {
      error = reason;
    });
    // The end comes after the error, and after the last message that came before it.
    return new Promise((resolve) => call.on('end', () => resolve({ messages, error })));
  }

  #call<I, O>(path: string, encode: (message: I) => Buffer, decode: (bytes: Buffer) => O, message: I, options: CallOptions): Promise<O> {
    return new Promise((resolve, reject) => {
      this.#client.makeUnaryRequest(path, encode, decode, message, ...callArguments(options), (error: ServiceError | null, answer?: O) => {
        if (error !== null) reject(error);
        else if (answer === undefined) reject(new Error('neither an error nor an answer'));
        else resolve(answer);
      });
    });
  }
}

function callArguments({ timeoutMs, metadata: entries = {} }: CallOptions): [Metadata, { deadline?: number }] {
  const metadata = new Metadata();
  for (const [key, value] of Object.entries(entries)) metadata.set(key, value);
  return [metadata, timeoutMs === undefined ? {} : { deadline: Date.now() + timeoutMs }];
}
