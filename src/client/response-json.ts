import { InferResponse, InferStreamResponse } from '../gen/millrace/v1/inference.js';

/** The proto3 JSON form of a response. */
export function inferResponseToJson(response: InferResponse): unknown {
  return InferResponse.toJSON(response);
}

export function inferStreamResponseToJson(response: InferStreamResponse): unknown {
  return InferStreamResponse.toJSON(response);
}
