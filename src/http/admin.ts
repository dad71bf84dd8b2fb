import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** What the admin server shows; it knows nothing of where it comes from. */
export interface AdminPorts {
  /** Content type of `metrics()`. */
  readonly contentType: string;
  metrics(): Promise<string>;
  /** Whether calls should be sent here; `reasons` name what is not ready. */
  ready(): { readonly ready: boolean; readonly reasons: readonly string[] };
  /** A page could not be made or a connection not accepted. */
  onError(error: unknown): void;
}

export interface AdminOptions {
  readonly host: string;
  /** 0: any free port. */
  readonly port: number;
}

export interface AdminServer extends AsyncDisposable {
  /** "127.0.0.1:8002", with the port that was bound. */
  readonly address: string;
  /** Ends every connection. Idempotent. */
  close(): Promise<void>;
}

/** Scrapes and probes are small and quick; whoever takes longer holds a socket for nothing. */
const HEADERS_TIMEOUT_MS = 5_000;
const REQUEST_TIMEOUT_MS = 10_000;
const IDLE_TIMEOUT_MS = 30_000;
const CHECK_INTERVAL_MS = 1_000;
const MAX_CONNECTIONS = 128;
const MAX_HEADER_BYTES = 8_192;
const JSON_TYPE = 'application/json; charset=utf-8';
const TEXT_TYPE = 'text/plain; charset=utf-8';

interface Page {
  readonly status: number;
  readonly contentType: string;
  readonly body: string;
}

/** Binds and answers /metrics, /livez and /readyz. Rejects with the socket's error where the address cannot be bound. */
export async function startAdminServer({ host, port }: AdminOptions, ports: AdminPorts): Promise<AdminServer> {
  const server = createServer(
    {
      headersTimeout: HEADERS_TIMEOUT_MS,
      requestTimeout: REQUEST_TIMEOUT_MS,
      connectionsCheckingInterval: CHECK_INTERVAL_MS,
      keepAliveTimeout: HEADERS_TIMEOUT_MS,
      maxHeaderSize: MAX_HEADER_BYTES,
    },
    (request, response) => void answer(request, response, ports),
  );
  server.maxConnections = MAX_CONNECTIONS;
  server.timeout = IDLE_TIMEOUT_MS;
  const address = await listen(server, host, port);
  server.on('error', (error) => ports.onError(error));
  const close = () => closeServer(server);
  return { address, close, [Symbol.asyncDispose]: close };
}

async function answer(request: IncomingMessage, response: ServerResponse, ports: AdminPorts): Promise<void> {
  request.resume();
  const { status, contentType, body } = await pageFor(request, ports);
  response.writeHead(status, {
    'content-type': contentType,
    'content-length': Buffer.byteLength(body),
    'cache-control': 'no-store',
    ...(status === 405 ? { allow: 'GET, HEAD' } : {}),
  });
  response.end(request.method === 'HEAD' ? undefined : body);
}

async function pageFor({ method, url = '/' }: IncomingMessage, ports: AdminPorts): Promise<Page> {
  if (method !== 'GET' && method !== 'HEAD') return text(405, 'only GET and HEAD are answered here\n');
  try {
    return await render(url.split('?', 1)[0] ?? '/', ports);
  } catch (error) {
    ports.onError(error);
    return text(500, 'internal error\n');
  }
}

async function render(path: string, ports: AdminPorts): Promise<Page> {
  switch (path) {
    case '/metrics':
      return { status: 200, contentType: ports.contentType, body: await ports.metrics() };
    case '/livez':
      return json(200, { live: true });
    case '/readyz': {
      const { ready, reasons } = ports.ready();
      return json(ready ? 200 : 503, { ready, reasons });
    }
    default:
      return text(404, 'not found; there are /metrics, /livez and /readyz\n');
  }
}

function json(status: number, value: object): Page {
  return { status, contentType: JSON_TYPE, body: `${JSON.stringify(value)}\n` };
}

function text(status: number, body: string): Page {
  return { status, contentType: TEXT_TYPE, body };
}

function listen(server: Server, host: string, port: number): Promise<string> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen({ host, port }, () => {
      server.off('error', reject);
      resolve(formatAddress(server.address()));
    });
  });
}

function formatAddress(address: AddressInfo | string | null): string {
  if (address === null || typeof address === 'string') return address ?? '';
  return address.family === 'IPv6' ? `[${address.address}]:${address.port}` : `${address.address}:${address.port}`;
}

function closeServer(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
    server.closeAllConnections();
  });
}
