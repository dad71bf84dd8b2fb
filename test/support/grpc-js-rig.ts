import { once } from 'node:events';
import type { IncomingHttpHeaders, ServerHttp2Stream } from 'node:http2';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import type { Peer } from '../../src/grpc/call.js';
import { Transport } from '../../src/grpc/grpc-js/transport.js';
import { DEFAULT_GRPC_SERVER_OPTIONS } from '../../src/grpc/server-options.js';
import { RawClient } from './grpc-client.js';

export const RIG_PATH = '/test.Test/Fake';
export const RIG_PEER: Peer = { address: '192.0.2.1:7', local: false };
export const RIG_MAX_MESSAGE_BYTES = 4 * 1024 * 1024;

export interface GrpcJsRig extends AsyncDisposable {
  readonly client: RawClient;
}

/** grpc-js over a real connection, as far as our front door: what happens to a stream that comes in is for the test to say. */
export async function grpcJsRig(
  onStream: (transport: Transport, stream: ServerHttp2Stream, headers: IncomingHttpHeaders, rawHeaders: readonly string[]) => void,
): Promise<GrpcJsRig> {
  const options = { ...DEFAULT_GRPC_SERVER_OPTIONS, listen: [], maxMessageBytes: RIG_MAX_MESSAGE_BYTES };
  const transport: Transport = new Transport(options, [RIG_PATH], {
    onSession: () => undefined,
    onStream: (...arrived) => onStream(transport, ...arrived),
  });
  const sockets: Socket[] = [];
  const server = createServer((socket) => {
    sockets.push(socket);
    transport.inject(socket, RIG_PEER);
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const client = await RawClient.connect(`127.0.0.1:${(server.address() as AddressInfo).port}`);
  const dispose = async () => {
    await client[Symbol.asyncDispose]();
    transport.close();
    for (const socket of sockets) socket.destroy();
    await once(server.close(), 'close');
  };
  return { client, [Symbol.asyncDispose]: dispose };
}
