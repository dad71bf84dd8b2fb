import { once } from 'node:events';
import {
  type ClientHttp2Session,
  type ClientHttp2Stream,
  connect,
  type IncomingHttpHeaders,
  type OutgoingHttpHeaders,
  type SecureClientSessionOptions,
} from 'node:http2';
import { connect as connectSocket } from 'node:net';

/** What a gRPC call came back with; `status` is undefined where the stream was reset without one. */
export interface GrpcAnswer {
  readonly status: number | undefined;
  /** `grpc-message`, decoded. */
  readonly text: string | undefined;
  readonly messages: readonly Buffer[];
  readonly headers: IncomingHttpHeaders;
  readonly trailers: IncomingHttpHeaders;
  readonly rstCode: number;
}

/** One length-prefixed message. */
export function frame(message: Uint8Array | string, compressed = false): Buffer {
  const bytes = Buffer.from(message);
  const head = Buffer.alloc(5);
  head.writeUInt8(compressed ? 1 : 0, 0);
  head.writeUInt32BE(bytes.length, 1);
  return Buffer.concat([head, bytes]);
}

export function unframe(body: Buffer): Buffer[] {
  const messages: Buffer[] = [];
  for (let at = 0; at + 5 <= body.length; ) {
    const end = at + 5 + body.readUInt32BE(at + 1);
    messages.push(body.subarray(at + 5, end));
    at = end;
  }
  return messages;
}

/** A gRPC call spoken by hand over node:http2: shows what grpc-js's own client would smooth over. */
export class RawCall {
  readonly stream: ClientHttp2Stream;
  readonly answer: Promise<GrpcAnswer>;

  constructor(session: ClientHttp2Session, path: string, headers: Readonly<Record<string, string | string[]>>, endStream: boolean) {
    const request: OutgoingHttpHeaders = {
      ':method': 'POST',
      ':path': path,
      'content-type': 'application/grpc',
      te: 'trailers',
      ...headers,
    };
    this.stream = session.request(request, { endStream });
    this.answer = this.#collect();
  }

  send(message: Uint8Array | string): void {
    this.stream.write(frame(message));
  }

  async #collect(): Promise<GrpcAnswer> {
    const chunks: Buffer[] = [];
    let headers: IncomingHttpHeaders = {};
    let trailers: IncomingHttpHeaders = {};
    this.stream.on('response', (received) => {
      headers = received;
    });
    this.stream.on('trailers', (received: IncomingHttpHeaders) => {
      trailers = received;
    });
    this.stream.on('data', (chunk: Buffer) => chunks.push(chunk));
    // The reset, if there was one, is told by rstCode.
    this.stream.on('error', () => undefined);
    await new Promise((resolve) => this.stream.once('close', resolve));
    const end = trailers['grpc-status'] === undefined ? headers : trailers;
    const text = end['grpc-message'];
    return {
      status: end['grpc-status'] === undefined ? undefined : Number(end['grpc-status']),
      text: text === undefined ? undefined : decodeURIComponent(String(text)),
      messages: unframe(Buffer.concat(chunks)),
      headers,
      trailers,
      rstCode: this.stream.rstCode,
    };
  }
}

export class RawClient implements AsyncDisposable {
  readonly session: ClientHttp2Session;

  /** "host:port" or "unix:/path". */
  static async connect(address: string, options: SecureClientSessionOptions & { readonly secure?: boolean } = {}): Promise<RawClient> {
    const unix = address.startsWith('unix:') ? address.slice('unix:'.length) : undefined;
    const authority = `${options.secure === true ? 'https' : 'http'}://${unix === undefined ? address : 'localhost'}`;
    const session = connect(authority, { ...options, ...(unix !== undefined && { createConnection: () => connectSocket(unix) }) });
    session.on('error', () => undefined);
    await new Promise<void>((resolve, reject) => {
      session.once('remoteSettings', () => resolve());
      session.once('close', () => reject(new Error('the connection was closed before it spoke HTTP/2')));
    });
    return new RawClient(session);
  }

  private constructor(session: ClientHttp2Session) {
    this.session = session;
  }

  /** Headers only: the caller sends and ends. */
  open(path: string, headers: Record<string, string> = {}): RawCall {
    return new RawCall(this.session, path, headers, false);
  }

  /** A whole request. */
  call(path: string, message: Uint8Array | string, headers: Record<string, string> = {}): Promise<GrpcAnswer> {
    const call = this.open(path, headers);
    call.stream.end(frame(message));
    return call.answer;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.session.destroyed) return;
    this.session.destroy();
    await once(this.session, 'close');
  }
}
