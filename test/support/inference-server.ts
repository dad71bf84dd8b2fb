import { Metadata, Server, ServerCredentials, type ServerUnaryCall, type ServerWritableStream, type sendUnaryData } from '@grpc/grpc-js';
import { createMethod } from '../../src/client/method.js';
import type { InferStreamRequest, InferStreamResponse } from '../../src/gen/millrace/v1/inference.js';
import { InferenceServiceDefinition, type InferRequest, type InferResponse } from '../../src/gen/millrace/v1/inference.js';

export type UnaryHandler = (call: ServerUnaryCall<InferRequest, InferResponse>, answer: sendUnaryData<InferResponse>) => void;
export type StreamHandler = (call: ServerWritableStream<InferStreamRequest, InferStreamResponse>) => void;

export interface Handlers {
  readonly infer?: UnaryHandler;
  readonly inferStream?: StreamHandler;
}

export interface InferenceServer extends AsyncDisposable {
  readonly address: string;
}

/** millrace.v1.InferenceService on a free port, with the given handlers: what a client meets, without a server of ours. */
export async function startInferenceServer({ infer, inferStream }: Handlers): Promise<InferenceServer> {
  const server = new Server();
  const { fullName, methods } = InferenceServiceDefinition;
  server.addService(
    {
      infer: serverMethod(createMethod(fullName, methods.infer), methods.infer, false),
      inferStream: serverMethod(createMethod(fullName, methods.inferStream), methods.inferStream, true),
    },
    { ...(infer === undefined ? {} : { infer }), ...(inferStream === undefined ? {} : { inferStream }) },
  );
  const port = await new Promise<number>((resolve, reject) => {
    server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, bound) =>
      error === null ? resolve(bound) : reject(error),
    );
  });
  return {
    address: `127.0.0.1:${port}`,
    [Symbol.asyncDispose]: () => {
      server.forceShutdown();
      return Promise.resolve();
    },
  };
}

interface MessageType<T> {
  encode(message: T): { finish(): Uint8Array };
  decode(bytes: Uint8Array): T;
}

function serverMethod<I, O>(
  { path }: { readonly path: string },
  { requestType, responseType }: { readonly requestType: MessageType<I>; readonly responseType: MessageType<O> },
  responseStream: boolean,
) {
  return {
    path,
    requestStream: false,
    responseStream,
    requestSerialize: (message: I) => Buffer.from(requestType.encode(message).finish()),
    requestDeserialize: (bytes: Buffer) => requestType.decode(bytes),
    responseSerialize: (message: O) => Buffer.from(responseType.encode(message).finish()),
    responseDeserialize: (bytes: Buffer) => responseType.decode(bytes),
  };
}

/** A failure as a server sends it. */
export function refusal(code: number, details: string, trailers: Readonly<Record<string, string>> = {}) {
  const metadata = new Metadata();
  for (const [name, value] of Object.entries(trailers)) metadata.set(name, value);
  return { code, details, metadata };
}
