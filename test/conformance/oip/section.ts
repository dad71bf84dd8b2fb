/** Documents that the checks refer to: how the report names them and where they are. */
export const DOCUMENTS = {
  'OIP gRPC': 'https://github.com/open-inference/open-inference-protocol/blob/main/specification/protocol/inference_grpc.md',
  'OIP REST': 'https://github.com/open-inference/open-inference-protocol/blob/main/specification/protocol/inference_rest.md',
  'gRPC over HTTP/2': 'https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md',
  'gRPC status codes': 'https://github.com/grpc/grpc/blob/master/doc/statuscodes.md',
  'gRPC compression': 'https://github.com/grpc/grpc/blob/master/doc/compression.md',
  'gRPC health checking': 'https://github.com/grpc/grpc/blob/master/doc/health-checking.md',
  'gRPC reflection': 'https://github.com/grpc/grpc/blob/master/doc/server-reflection.md',
  Protobuf: 'https://protobuf.dev/programming-guides/proto3/',
  'Triton service': 'https://github.com/triton-inference-server/common/blob/main/protobuf/grpc_service.proto',
  'Triton protocol': 'https://github.com/triton-inference-server/server/tree/main/docs/protocol',
  'Triton decoupled models': 'https://github.com/triton-inference-server/server/blob/main/docs/user_guide/decoupled_models.md',
} as const;

/** "document: section". */
export function section(document: keyof typeof DOCUMENTS, title: string): string {
  return `${document}: ${title}`;
}
