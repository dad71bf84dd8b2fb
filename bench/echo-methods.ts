/** What every echo server under measurement answers; the same paths in bench/peers. */
export const ECHO_PATHS = {
  /** Unary: the request's own bytes. */
  echo: '/inference.GRPCInferenceService/ModelInfer',
  /** Unary: the request's length in four bytes. */
  length: '/bench.Echo/Length',
  /** A stream each way: each message's length in four bytes. */
  lengths: '/inference.GRPCInferenceService/ModelStreamInfer',
  /** Server-streaming: the request as often as its first four bytes say. */
  repeat: '/bench.Echo/Repeat',
} as const;

export function lengthOf(request: Uint8Array): Buffer {
  const answer = Buffer.alloc(4);
  answer.writeUInt32BE(request.length);
  return answer;
}

export function repetitionsOf(request: Uint8Array): number {
  return new DataView(request.buffer, request.byteOffset).getUint32(0);
}
