import type { Http2Server } from 'node:http2';
import type { Server } from '@grpc/grpc-js';

/**
 * grpc-js keeps the node:http2 server behind a connection injector, and the options it is made with, to itself. Both are
 * needed: to ask the door before the body is read, for two-step GOAWAY and for receive windows. This is the only file that
 * reaches in; an update that moves the fields fails here, at start, by name.
 */
interface Internals {
  readonly commonServerOptions?: unknown;
  readonly http2Servers?: unknown;
}

/** Adds HTTP/2 settings to those of the sessions to come. Before the injector is made. */
export function addHttp2Settings(server: Server, settings: Record<string, number>): void {
  const { commonServerOptions } = internalsOf(server);
  if (!isRecord(commonServerOptions)) throw moved('commonServerOptions');
  const present = isRecord(commonServerOptions['settings']) ? commonServerOptions['settings'] : {};
  commonServerOptions['settings'] = { ...present, ...settings };
}

/** The node:http2 server behind the only injector of `server`. */
export function http2ServerOf(server: Server): Http2Server {
  const { http2Servers } = internalsOf(server);
  const [http2Server, ...others] = http2Servers instanceof Map ? http2Servers.keys() : [];
  if (!isHttp2Server(http2Server) || others.length > 0) throw moved('http2Servers');
  return http2Server;
}

function internalsOf(server: Server): Internals {
  return server as unknown as Internals;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}

function isHttp2Server(value: unknown): value is Http2Server {
  return isRecord(value) && typeof value['listeners'] === 'function' && typeof value['removeAllListeners'] === 'function';
}

function moved(field: string): Error {
  return new Error(`this release of @grpc/grpc-js has no Server.${field} as Millrace knows it: use the release that package.json pins`);
}
