import { Server, ServerCredentials, type ServerUnaryCall, type sendUnaryData } from '@grpc/grpc-js';

/** The floor: a bare grpc-js server that answers every ModelInfer with the request's own bytes. Prints the port that it got. */
const same = (bytes: Buffer): Buffer => bytes;
const path = '/inference.GRPCInferenceService/ModelInfer';

const server = new Server({ 'grpc.enable_channelz': 0, 'grpc.max_receive_message_length': 64 << 20 });
server.addService(
  {
    ModelInfer: {
      path,
      requestStream: false,
      responseStream: false,
      requestSerialize: same,
      requestDeserialize: same,
      responseSerialize: same,
      responseDeserialize: same,
    },
  },
  { ModelInfer: (call: ServerUnaryCall<Buffer, Buffer>, done: sendUnaryData<Buffer>) => done(null, call.request) },
);
server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, port) => {
  if (error !== null) throw error;
  process.stdout.write(`listening on 127.0.0.1:${port}\n`);
});
process.once('SIGTERM', () => server.forceShutdown());
