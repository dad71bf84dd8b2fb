import { type ClientHttp2Session, connect, type IncomingHttpHeaders } from 'node:http2';

/** A unary call that is the same every time. */
export interface UnaryLoad {
  /** "127.0.0.1:8001" */
  readonly address: string;
  /** "/package.Service/Method" */
  readonly path: string;
  /** The serialised request message. */
  readonly message: Uint8Array;
  readonly callers: number;
  readonly connections: number;
  /** What each caller waits between an answer and its next call; none where absent. */
  readonly pauseMs?: number;
}

export interface LoadResult {
  readonly answers: number;
  /** Calls that ended otherwise than with grpc-status 0. */
  readonly failures: number;
  readonly seconds: number;
  /** Milliseconds, ascending. */
  readonly latencies: readonly number[];
}

/** Has `callers` callers call for `seconds`, each again when its last call was answered and its pause is over. */
export async function closedLoop(load: UnaryLoad, seconds: number): Promise<LoadResult> {
  const sessions = await Promise.all(Array.from({ length: load.connections }, () => open(load.address)));
  const body = framed(load.message);
  const latencies: number[] = [];
  let failures = 0;
  const start = performance.now();
  const end = start + seconds * 1000;
  const caller = async (session: ClientHttp2Session): Promise<void> => {
    for (let from = performance.now(); from < end; from = performance.now()) {
      const status = await unary(session, load.path, body);
      if (status === '0') latencies.push(performance.now() - from);
      else failures += 1;
      if (load.pauseMs !== undefined) await pause(load.pauseMs);
    }
  };
  await Promise.all(Array.from({ length: load.callers }, (_, at) => caller(pick(sessions, at))));
  const took = (performance.now() - start) / 1000;
  for (const session of sessions) session.close();
  return { answers: latencies.length, failures, seconds: took, latencies: latencies.sort((a, b) => a - b) };
}

function open(address: string): Promise<ClientHttp2Session> {
  return new Promise((resolve, reject) => {
    const session = connect(`http://${address}`, { settings: { initialWindowSize: 4 << 20 } });
    session.once('connect', () => resolve(session));
    session.once('error', reject);
  });
}

/** The grpc-status of one call. */
function unary(session: ClientHttp2Session, path: string, body: Buffer): Promise<string> {
  return new Promise((resolve) => {
    const stream = session.request({ ':method': 'POST', ':path': path, 'content-type': 'application/grpc', te: 'trailers' });
    let status = 'none';
    stream.on('response', (headers) => {
      status = String(headers['grpc-status'] ?? status);
    });
    stream.on('trailers', (trailers: IncomingHttpHeaders) => {
      status = String(trailers['grpc-status'] ?? status);
    });
    stream.on('error', () => resolve('error'));
    stream.on('close', () => resolve(status));
    stream.resume();
    stream.end(body);
  });
}

/** A gRPC message frame: not compressed, length, message. */
function framed(message: Uint8Array): Buffer {
  const body = Buffer.alloc(5 + message.length);
  body.writeUInt32BE(message.length, 1);
  body.set(message, 5);
  return body;
}

function pick<T>(items: readonly T[], at: number): T {
  const item = items[at % items.length];
  if (item === undefined) throw new RangeError('nothing to pick from');
  return item;
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, ms);
  });
}
