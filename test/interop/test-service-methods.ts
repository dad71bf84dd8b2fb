import { fileURLToPath } from 'node:url';
import type { MethodDefinition } from '@grpc/grpc-js';
import { loadSync } from '@grpc/proto-loader';
import { ServingError } from '../../src/error/serving-error.js';
import type { Call, Codec, Method, SendingCall, Service } from '../../src/grpc/call.js';

/** grpc.testing.TestService as gRPC's interoperability tests want it, but for UnimplementedCall, which is to be missing. */

interface Payload {
  readonly body: Buffer;
}

interface EchoStatus {
  readonly code: number;
  readonly message: string;
}

interface SimpleRequest {
  readonly response_size: number;
  readonly fill_server_id: boolean;
  readonly response_status: EchoStatus | null;
}

interface OutputRequest {
  readonly response_parameters: readonly { readonly size: number; readonly interval_us: number }[];
  readonly response_status: EchoStatus | null;
}

interface InputRequest {
  readonly payload: Payload | null;
}

const INITIAL_METADATA = 'x-grpc-test-echo-initial';
const TRAILING_METADATA = 'x-grpc-test-echo-trailing-bin';

const includeDirs = [fileURLToPath(new URL('../../../test/interop/proto', import.meta.url))];
const definitions = loadSync('grpc/testing/test.proto', { includeDirs, keepCase: true, defaults: true });
const rpcs = definitions['grpc.testing.TestService'] as unknown as Readonly<Record<string, MethodDefinition<object, object>>>;

type Common = {
  readonly path: string;
  readonly request: Codec<unknown>;
  readonly response: Codec<unknown>;
  readonly admission: 'inference';
};

function rpc(name: string): Common {
  const found = rpcs[name];
  if (found === undefined) throw new Error(`the proto file has no method ${name}`);
  const { path, requestDeserialize, requestSerialize, responseDeserialize, responseSerialize } = found;
  return {
    path,
    admission: 'inference',
    request: { encode: (message) => requestSerialize(message as object), decode: (bytes) => requestDeserialize(bytes as Buffer) },
    response: { encode: (message) => responseSerialize(message as object), decode: (bytes) => responseDeserialize(bytes as Buffer) },
  };
}

/** The status that a client asked to be answered with. */
function assertNotRefused(status: EchoStatus | null): void {
  if (status !== null && status.code !== 0) throw new ServingError('invalid_request', status.message, undefined, status);
}

const statusOf: Service['statusOf'] = ({ message, cause }) => {
  const wanted = cause as EchoStatus | undefined;
  return { code: wanted?.code ?? 13, message };
};

const payload = (size: number): { readonly payload: Payload } => ({ payload: { body: Buffer.alloc(size) } });

/** What the case custom_metadata wants back. */
function echoMetadata(call: Call): void {
  const initial = call.metadata.get(INITIAL_METADATA);
  const trailing = call.metadata.getBinary(TRAILING_METADATA);
  if (initial !== undefined) call.addHeader(INITIAL_METADATA, initial);
  if (trailing !== undefined) call.addTrailer(TRAILING_METADATA, trailing);
}

async function answer({ response_parameters: parameters }: OutputRequest, call: SendingCall<unknown>): Promise<void> {
  for (const { size, interval_us: micros } of parameters) {
    if (micros > 0) await pause(micros / 1000, call);
    await call.send(payload(size));
  }
}

/** Ends early when the call is cancelled. */
function pause(ms: number, { signal }: Call): Promise<void> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(resolve, ms);
    signal.subscribe({
      onCancel(reason) {
        clearTimeout(timer);
        reject(reason);
      },
    });
  });
}

const emptyCall: Method = { ...rpc('EmptyCall'), kind: 'unary', handle: async () => ({}) };

const unaryCall: Method<SimpleRequest> = {
  ...(rpc('UnaryCall') as Common & { readonly request: Codec<SimpleRequest> }),
  kind: 'unary',
  async handle(request, call) {
    echoMetadata(call);
    assertNotRefused(request.response_status);
    return { ...payload(request.response_size), ...(request.fill_server_id && { server_id: 'millrace' }) };
  },
};

const outputCodec = (name: string): Common & { readonly request: Codec<OutputRequest> } =>
  rpc(name) as Common & { readonly request: Codec<OutputRequest> };

const streamingOutputCall: Method<OutputRequest> = {
  ...outputCodec('StreamingOutputCall'),
  kind: 'server_stream',
  handle: answer,
};

const streamingInputCall: Method<InputRequest> = {
  ...(rpc('StreamingInputCall') as Common & { readonly request: Codec<InputRequest> }),
  kind: 'client_stream',
  async handle(requests) {
    let size = 0;
    for await (const request of requests) size += request.payload?.body.length ?? 0;
    return { aggregated_payload_size: size };
  },
};

const fullDuplexCall: Method<OutputRequest> = {
  ...outputCodec('FullDuplexCall'),
  kind: 'bidi',
  async handle(requests, call) {
    echoMetadata(call);
    for await (const request of requests) {
      assertNotRefused(request.response_status);
      await answer(request, call);
    }
  },
};

const halfDuplexCall: Method<OutputRequest> = {
  ...outputCodec('HalfDuplexCall'),
  kind: 'bidi',
  async handle(requests, call) {
    const kept: OutputRequest[] = [];
    for await (const request of requests) kept.push(request);
    for (const request of kept) await answer(request, call);
  },
};

export const testService: Service = {
  name: 'grpc.testing.TestService',
  methods: [emptyCall, unaryCall, streamingOutputCall, streamingInputCall, fullDuplexCall, halfDuplexCall],
  statusOf,
};
