import { readFileSync } from 'node:fs';
import { type ClientHttp2Session, type ClientHttp2Stream, connect, constants, type IncomingHttpHeaders } from 'node:http2';
import type { TargetOptions } from './target.js';

/** How a call ended on the wire: its grpc-status, or the code that its stream was reset with. */
export type WireEnd =
  | { readonly kind: 'status'; readonly code: number; readonly text: string }
  | { readonly kind: 'reset'; readonly code: number }
  | { readonly kind: 'nothing'; readonly why: string };

/** A call made of bytes and headers, for what no gRPC client would send. */
export async function callOnWire(
  options: TargetOptions,
  rpc: string,
  body: Buffer,
  headers: Readonly<Record<string, string>>,
): Promise<WireEnd> {
  const session = open(options);
  try {
    return await new Promise<WireEnd>((resolve) => {
      session.on('error', (error: Error) => resolve({ kind: 'nothing', why: error.message }));
      session.setTimeout(options.timeoutMs, () => resolve({ kind: 'nothing', why: 'no answer in time' }));
      const stream = session.request({
        ':method': 'POST',
        ':path': `/${rpc}`,
        'content-type': 'application/grpc',
        te: 'trailers',
        ...options.headers,
        ...headers,
      });
      listen(stream, resolve);
      stream.end(body);
    });
  } finally {
    session.destroy();
  }
}

function open({ address, tls }: TargetOptions): ClientHttp2Session {
  if (tls === undefined) return connect(`http://${address}`);
  const read = (file: string | undefined) => (file === undefined ? undefined : readFileSync(file));
  return connect(`https://${address}`, { ca: readFileSync(tls.ca), cert: read(tls.cert), key: read(tls.key) });
}

function listen(stream: ClientHttp2Stream, resolve: (end: WireEnd) => void): void {
  const look = (headers: IncomingHttpHeaders) => {
    const code = headers['grpc-status'];
    if (code !== undefined) resolve({ kind: 'status', code: Number(code), text: decodeText(String(headers['grpc-message'] ?? '')) });
  };
  stream.on('response', look);
  stream.on('trailers', look);
  stream.on('error', () => undefined);
  stream.on('close', () => {
    if (stream.rstCode === constants.NGHTTP2_NO_ERROR) resolve({ kind: 'nothing', why: 'the stream closed without a status' });
    else resolve({ kind: 'reset', code: stream.rstCode });
  });
  stream.resume();
}

/** A status message as it was meant; as it is where its percent-encoding is wrong. */
function decodeText(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/** A gRPC frame; `length` may lie about the message's. */
export function frame(message: Buffer, compressed = false, length = message.length): Buffer {
  const head = Buffer.alloc(5);
  head.writeUInt8(compressed ? 1 : 0);
  head.writeUInt32BE(length, 1);
  return Buffer.concat([head, message]);
}

export function describeEnd(end: WireEnd): string {
  switch (end.kind) {
    case 'status':
      return `grpc-status ${end.code} ${JSON.stringify(end.text.slice(0, 200))}`;
    case 'reset':
      return `a stream reset with HTTP/2 error ${end.code}`;
    case 'nothing':
      return end.why;
  }
}
