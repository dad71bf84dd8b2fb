import type { Codec } from '../grpc/call.js';
import { createCodec, type MessageFunctions } from '../wire/codec.js';

/** A generated method, as ts-proto's generic definitions describe it. */
interface GeneratedMethod<I, O> {
  readonly name: string;
  readonly requestType: MessageFunctions<I>;
  readonly responseType: MessageFunctions<O>;
}

/** The part of a `Method` that the .proto already says. */
export function methodOf<I, O>(
  service: { readonly fullName: string },
  { name, requestType, responseType }: GeneratedMethod<I, O>,
): { readonly path: string; readonly request: Codec<I>; readonly response: Codec<O> } {
  return { path: pathOf(service, { name }), request: createCodec(requestType), response: createCodec(responseType) };
}

/** "/package.Service/Method" */
export function pathOf(service: { readonly fullName: string }, { name }: { readonly name: string }): string {
  return `/${service.fullName}/${name}`;
}
