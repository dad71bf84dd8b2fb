import { join } from 'node:path';
import { Server, ServerCredentials, type ServerUnaryCall, type sendUnaryData, status } from '@grpc/grpc-js';
import { InferenceSession, Tensor } from 'onnxruntime-node';
import { ModelInferRequest, ModelInferResponse } from '../../../src/gen/inference/infer.js';

/**
 * The server that one would write by hand in Node.js: grpc-js, and ONNX Runtime on the thread that serves gRPC; no batching. Arguments: a model repository,
 * then the models to serve, of one FP32 input "input" and one FP32 output "output". Prints the port that it got.
 */
const [, , repository = '', ...names] = process.argv;
const sessions = new Map<string, InferenceSession>();
for (const name of names) {
  const options = { intraOpNumThreads: 1, interOpNumThreads: 1, extra: { session: { intra_op: { allow_spinning: '0' } } } };
  sessions.set(name, await InferenceSession.create(join(repository, name, '1', 'model.onnx'), options));
}

function inputOf({ inputs, rawInputContents }: ModelInferRequest): Tensor {
  // A copy: a message's bytes are seldom aligned.
  const bytes = new Uint8Array(rawInputContents[0] ?? []);
  return new Tensor('float32', new Float32Array(bytes.buffer), inputs[0]?.shape.map(Number) ?? []);
}

async function infer(request: ModelInferRequest, session: InferenceSession): Promise<ModelInferResponse> {
  const { output } = await session.run({ input: inputOf(request) });
  if (!(output?.data instanceof Float32Array)) throw new Error('the model has no FP32 output "output"');
  const { buffer, byteOffset, byteLength } = output.data;
  return {
    modelName: request.modelName,
    modelVersion: '1',
    id: request.id,
    parameters: {},
    outputs: [{ name: 'output', datatype: 'FP32', shape: output.dims.map(BigInt), parameters: {}, contents: undefined }],
    rawOutputContents: [new Uint8Array(buffer, byteOffset, byteLength)],
  };
}

function onCall(call: ServerUnaryCall<ModelInferRequest, ModelInferResponse>, done: sendUnaryData<ModelInferResponse>): void {
  const session = sessions.get(call.request.modelName);
  if (session === undefined) return done({ code: status.NOT_FOUND, details: 'unknown model' });
  infer(call.request, session).then(
    (response) => done(null, response),
    (error: unknown) => done({ code: status.INTERNAL, details: String(error) }),
  );
}

const server = new Server({ 'grpc.enable_channelz': 0, 'grpc.max_receive_message_length': 64 << 20 });
server.addService(
  {
    ModelInfer: {
      path: '/inference.GRPCInferenceService/ModelInfer',
      requestStream: false,
      responseStream: false,
      requestSerialize: (message: ModelInferRequest) => Buffer.from(ModelInferRequest.encode(message).finish()),
      requestDeserialize: (bytes: Buffer) => ModelInferRequest.decode(bytes),
      responseSerialize: (message: ModelInferResponse) => Buffer.from(ModelInferResponse.encode(message).finish()),
      responseDeserialize: (bytes: Buffer) => ModelInferResponse.decode(bytes),
    },
  },
  { ModelInfer: onCall },
);
server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, port) => {
  if (error !== null) throw error;
  process.stdout.write(`listening on 127.0.0.1:${port}\n`);
});
process.once('SIGTERM', () => server.forceShutdown());
