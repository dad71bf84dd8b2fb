import { once } from 'node:events';
import {
  type MethodDefinition,
  Server,
  ServerCredentials,
  type ServerDuplexStream,
  type ServerUnaryCall,
  type ServerWritableStream,
  type sendUnaryData,
} from '@grpc/grpc-js';
import { ECHO_PATHS, lengthOf, repetitionsOf } from './echo-methods.js';
import { tlsOfArguments } from './tls-files.js';

/** The floor: a bare grpc-js server that echoes bytes. Prints the port that it got. Arguments, for TLS: the files of its certificate and of its key. */
const same = (bytes: Buffer): Buffer => bytes;

function method(path: string, responseStream: boolean, requestStream = false): MethodDefinition<Buffer, Buffer> {
  const codec = { requestSerialize: same, requestDeserialize: same, responseSerialize: same, responseDeserialize: same };
  return { path, requestStream, responseStream, ...codec };
}

async function repeat(call: ServerWritableStream<Buffer, Buffer>): Promise<void> {
  const { request } = call;
  for (let left = repetitionsOf(request); left > 0 && !call.cancelled; left--) {
    if (!call.write(request)) await once(call, 'drain');
  }
  call.end();
}

function lengths(call: ServerDuplexStream<Buffer, Buffer>): void {
  call.on('data', (message: Buffer) => call.write(lengthOf(message)));
  call.on('end', () => call.end());
}

function credentials(): ServerCredentials {
  const tls = tlsOfArguments();
  if (tls === undefined) return ServerCredentials.createInsecure();
  return ServerCredentials.createSsl(null, [{ cert_chain: tls.cert, private_key: tls.key }]);
}

const server = new Server({ 'grpc.enable_channelz': 0, 'grpc.max_receive_message_length': 64 << 20 });
server.addService(
  {
    ModelInfer: method(ECHO_PATHS.echo, false),
    Length: method(ECHO_PATHS.length, false),
    Lengths: method(ECHO_PATHS.lengths, true, true),
    Repeat: method(ECHO_PATHS.repeat, true),
  },
  {
    ModelInfer: (call: ServerUnaryCall<Buffer, Buffer>, done: sendUnaryData<Buffer>) => done(null, call.request),
    Length: (call: ServerUnaryCall<Buffer, Buffer>, done: sendUnaryData<Buffer>) => done(null, lengthOf(call.request)),
    Lengths: lengths,
    Repeat: (call: ServerWritableStream<Buffer, Buffer>) => void repeat(call),
  },
);
server.bindAsync('127.0.0.1:0', credentials(), (error, port) => {
  if (error !== null) throw error;
  process.stdout.write(`listening on 127.0.0.1:${port}\n`);
});
process.once('SIGTERM', () => server.forceShutdown());
