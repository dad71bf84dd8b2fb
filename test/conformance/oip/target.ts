import { readFileSync } from 'node:fs';
import { type ChannelCredentials, Client, type ClientUnaryCall, credentials, Metadata, type ServiceError, status } from '@grpc/grpc-js';
import { Conversation } from './conversation.js';
import { findMethod } from './protocol.js';
import { failedReply, type Reply } from './reply.js';

export interface TargetOptions {
  /** "host:port". */
  readonly address: string;
  /** PEM files. Without `ca` the connection is not encrypted. */
  readonly tls?: { readonly ca: string; readonly cert?: string; readonly key?: string };
  /** Metadata of every call. */
  readonly headers?: Readonly<Record<string, string>>;
  /** No call waits longer. */
  readonly timeoutMs: number;
}

export interface StartedCall {
  readonly reply: Promise<Reply<unknown>>;
  readonly cancel: () => void;
}

/** One connection to the server under test. Calls resolve with what came of them, and never hang. */
export class Target implements Disposable {
  readonly options: TargetOptions;
  readonly #client: Client;

  constructor(options: TargetOptions) {
    this.options = options;
    this.#client = new Client(options.address, credentialsOf(options), {
      'grpc.use_local_subchannel_pool': 1,
      'grpc.max_receive_message_length': -1,
      'grpc.max_send_message_length': -1,
    });
  }

  /** A connection of its own to the same server. */
  another(): Target {
    return new Target(this.options);
  }

  /** `rpc` as in findMethod. */
  ask<T>(rpc: string, message: object, headers: Readonly<Record<string, string>> = {}): Promise<Reply<T>> {
    return this.#start(rpc, message, headers).reply as Promise<Reply<T>>;
  }

  start(rpc: string, message: object): StartedCall {
    return this.#start(rpc, message, {});
  }

  /** Any bytes in place of a message, to any method; `rpc` is "package.Service/Method". */
  askRaw(rpc: string, bytes: Uint8Array): Promise<Reply<Buffer>> {
    const same = (buffer: Buffer) => buffer;
    return new Promise((resolve) => {
      this.#client.makeUnaryRequest(`/${rpc}`, same, same, Buffer.from(bytes), this.#metadata({}), this.#deadline(), settle(resolve));
    });
  }

  /** A bidirectional stream. */
  converse<T>(rpc: string, headers: Readonly<Record<string, string>> = {}): Conversation<T> {
    const { path, requestSerialize, responseDeserialize } = findMethod(rpc);
    const metadata = this.#metadata(headers);
    return new Conversation<T>(this.#client.makeBidiStreamRequest(path, requestSerialize, responseDeserialize, metadata, this.#deadline()));
  }

  [Symbol.dispose](): void {
    this.#client.close();
  }

  #start(rpc: string, message: object, headers: Readonly<Record<string, string>>): StartedCall {
    const { path, requestSerialize, responseDeserialize } = findMethod(rpc);
    let call: ClientUnaryCall | undefined;
    const reply = new Promise<Reply<unknown>>((resolve) => {
      const metadata = this.#metadata(headers);
      call = this.#client.makeUnaryRequest(
        path,
        requestSerialize,
        responseDeserialize,
        message,
        metadata,
        this.#deadline(),
        settle(resolve),
      );
    });
    return { reply, cancel: () => call?.cancel() };
  }

  #metadata(more: Readonly<Record<string, string>>): Metadata {
    const metadata = new Metadata();
    for (const [key, value] of Object.entries({ ...this.options.headers, ...more })) {
      metadata.set(key, key.endsWith('-bin') ? Buffer.from(value) : value);
    }
    return metadata;
  }

  #deadline(): { deadline: number } {
    return { deadline: Date.now() + this.options.timeoutMs };
  }
}

function credentialsOf({ tls }: TargetOptions): ChannelCredentials {
  if (tls === undefined) return credentials.createInsecure();
  const read = (file: string | undefined) => (file === undefined ? null : readFileSync(file));
  return credentials.createSsl(readFileSync(tls.ca), read(tls.key), read(tls.cert));
}

function settle<T>(resolve: (reply: Reply<T>) => void): (error: ServiceError | null, message?: T) => void {
  return (error, message) => {
    if (error !== null) resolve(failedReply(error));
    else if (message === undefined) resolve({ ok: false, code: status.INTERNAL, text: 'neither an error nor a message', hung: false });
    else resolve({ ok: true, message });
  };
}
