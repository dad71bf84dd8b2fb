import { once } from 'node:events';
import {
  type ClientHttp2Session,
  connect,
  createServer,
  type Http2Server,
  type IncomingHttpHeaders,
  type ServerHttp2Session,
  type ServerHttp2Stream,
} from 'node:http2';
import type { AddressInfo } from 'node:net';
import { frame, unframe } from './grpc-client.js';

/** What comes back for a call with one request. */
export interface ProxiedReply {
  readonly code: number;
  /** As it goes over the wire: percent-encoded. */
  readonly text: string;
  /** The message's bytes, where there is one. */
  readonly message: Buffer | undefined;
}

export interface ProxiedCall {
  /** "package.Service/Method". */
  readonly rpc: string;
  readonly headers: IncomingHttpHeaders;
  /** The whole body, frame and all. */
  readonly body: Buffer;
  /** Connections that are open to the proxy. */
  readonly connections: number;
  /** What the server behind the proxy answers. */
  readonly forward: (body?: Buffer, headers?: IncomingHttpHeaders) => Promise<ProxiedReply>;
}

/** What the proxy does otherwise than to pass everything on. */
export interface Meddling {
  /** For calls that are not streams; "hang" never answers. */
  readonly unary?: (call: ProxiedCall) => Promise<ProxiedReply | 'hang'>;
  /** Each response of a stream: what is sent in its place. */
  readonly streamed?: (message: Buffer) => readonly Buffer[];
  /** Each request of a stream, likewise. */
  readonly streaming?: (message: Buffer) => readonly Buffer[];
  /** The stream that is meddled with; others pass. */
  readonly stream?: string;
  /** The end of a stream. */
  readonly streamEnd?: (reply: ProxiedReply) => ProxiedReply | 'hang';
  /** Headers of a stream: what is sent in their place. */
  readonly streamHeaders?: (headers: IncomingHttpHeaders) => IncomingHttpHeaders;
  /** Requests of a stream are passed on when it is half-closed. */
  readonly holdsStreams?: boolean;
  /** A stream that is answered without the server behind. */
  readonly refuseStream?: ProxiedReply;
  /** The caller gave a call up. */
  readonly aborted?: (rpc: string) => void;
}

const STREAMS = ['ModelStreamInfer', 'ServerReflectionInfo'];

/** A gRPC server that passes calls on to another one, byte for byte where it does not meddle. */
export class GrpcProxy implements AsyncDisposable {
  readonly address: string;
  readonly #server: Http2Server;
  readonly #upstream: ClientHttp2Session;
  readonly #sessions: ReadonlySet<ServerHttp2Session>;

  static async start(upstream: string, meddling: Meddling): Promise<GrpcProxy> {
    const session = connect(`http://${upstream}`);
    const server = createServer();
    const sessions = new Set<ServerHttp2Session>();
    server.on('session', (opened) => {
      sessions.add(opened);
      opened.on('close', () => sessions.delete(opened));
    });
    server.on('stream', (stream, headers) => {
      stream.on('error', () => undefined);
      const rpc = String(headers[':path']).slice(1);
      stream.on('aborted', () => meddling.aborted?.(rpc));
      if (STREAMS.some((name) => rpc.endsWith(`/${name}`)))
        passStream(session, stream, headers, rpc.endsWith(meddling.stream ?? '') ? meddling : {});
      else void answerUnary(session, stream, headers, meddling, sessions.size);
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    return new GrpcProxy(server, session, sessions);
  }

  private constructor(server: Http2Server, upstream: ClientHttp2Session, sessions: ReadonlySet<ServerHttp2Session>) {
    this.#server = server;
    this.#upstream = upstream;
    this.#sessions = sessions;
    this.address = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  }

  [Symbol.asyncDispose](): Promise<void> {
    this.#upstream.destroy();
    for (const session of this.#sessions) session.destroy();
    return new Promise((resolve) => this.#server.close(() => resolve()));
  }
}

/** Headers of the call itself, without those of the connection it came over. */
function callHeaders(headers: IncomingHttpHeaders): IncomingHttpHeaders {
  return Object.fromEntries(Object.entries(headers).filter(([name]) => !/^(:authority|:scheme|host)$/.test(name)));
}

async function answerUnary(
  session: ClientHttp2Session,
  stream: ServerHttp2Stream,
  headers: IncomingHttpHeaders,
  { unary }: Meddling,
  connections: number,
): Promise<void> {
  const chunks: Buffer[] = [];
  stream.on('data', (chunk: Buffer) => chunks.push(chunk));
  await new Promise<void>((resolve) => stream.on('end', resolve).on('close', resolve));
  const body = Buffer.concat(chunks);
  const forward = (bytes: Buffer = body, more = headers) => request(session, bytes, more);
  const rpc = String(headers[':path']).slice(1);
  const reply = unary === undefined ? await forward() : await unary({ rpc, headers, body, connections, forward });
  if (reply !== 'hang') end(stream, reply);
}

function request(session: ClientHttp2Session, body: Buffer, headers: IncomingHttpHeaders): Promise<ProxiedReply> {
  return new Promise((resolve) => {
    const stream = session.request(callHeaders(headers));
    const chunks: Buffer[] = [];
    let status = { code: 13, text: 'the stream was reset' };
    const look = (fields: IncomingHttpHeaders) => {
      if (fields['grpc-status'] !== undefined) status = statusOf(fields);
    };
    stream.on('response', look);
    stream.on('trailers', look);
    stream.on('data', (chunk: Buffer) => chunks.push(chunk));
    stream.on('error', () => undefined);
    stream.on('close', () => resolve({ ...status, message: unframe(Buffer.concat(chunks))[0] }));
    stream.end(body);
  });
}

function statusOf(fields: IncomingHttpHeaders): { code: number; text: string } {
  return { code: Number(fields['grpc-status']), text: String(fields['grpc-message'] ?? '') };
}

function trailersOf({ code, text }: ProxiedReply) {
  return { 'grpc-status': String(code), ...(text !== '' && { 'grpc-message': text }) };
}

const RESPONSE = { ':status': 200, 'content-type': 'application/grpc' };

function end(stream: ServerHttp2Stream, reply: ProxiedReply): void {
  if (stream.destroyed) return;
  if (reply.message === undefined) {
    stream.respond({ ...RESPONSE, ...trailersOf(reply) }, { endStream: true });
    return;
  }
  stream.respond(RESPONSE, { waitForTrailers: true });
  stream.on('wantTrailers', () => stream.sendTrailers(trailersOf(reply)));
  stream.end(frame(reply.message));
}

function passStream(session: ClientHttp2Session, stream: ServerHttp2Stream, headers: IncomingHttpHeaders, meddling: Meddling): void {
  const { streamed = pass, streaming = pass, streamEnd, streamHeaders = callHeaders, holdsStreams = false, refuseStream } = meddling;
  if (refuseStream !== undefined) {
    end(stream, refuseStream);
    return;
  }
  const upstream = session.request(callHeaders(streamHeaders(headers)));
  upstream.on('error', () => undefined);
  stream.on('aborted', () => upstream.close(8));
  const held: Buffer[] = [];
  onFrames(stream, (message) => {
    const passed = streaming(message).map((each) => frame(each));
    if (holdsStreams) held.push(...passed);
    else for (const each of passed) upstream.write(each);
  });
  stream.on('end', () => upstream.end(Buffer.concat(held)));
  let status = { code: 13, text: 'the stream was reset' };
  const look = (fields: IncomingHttpHeaders) => {
    if (fields['grpc-status'] !== undefined) status = statusOf(fields);
  };
  upstream.on('trailers', look);
  upstream.on('response', (fields) => {
    look(fields);
    if (!stream.destroyed && !stream.headersSent) stream.respond(RESPONSE, { waitForTrailers: true });
  });
  onFrames(upstream, (message) => {
    if (!stream.destroyed) for (const each of streamed(message)) stream.write(frame(each));
  });
  upstream.on('close', () => {
    const reply = streamEnd?.({ ...status, message: undefined }) ?? { ...status, message: undefined };
    if (reply === 'hang' || stream.destroyed) return;
    if (!stream.headersSent) stream.respond(RESPONSE, { waitForTrailers: true });
    stream.on('wantTrailers', () => stream.sendTrailers(trailersOf(reply)));
    stream.end();
  });
}

function pass(message: Buffer): readonly Buffer[] {
  return [message];
}

/** Calls back with each whole message. */
function onFrames(stream: NodeJS.ReadableStream, take: (message: Buffer) => void): void {
  let rest = Buffer.alloc(0);
  stream.on('data', (chunk: Buffer) => {
    rest = Buffer.concat([rest, chunk]);
    while (rest.length >= 5 && rest.length >= 5 + rest.readUInt32BE(1)) {
      const length = rest.readUInt32BE(1);
      take(rest.subarray(5, 5 + length));
      rest = rest.subarray(5 + length);
    }
  });
}
