import { BidiCall } from './bidi-call.js';
import { ClientStreamCall } from './client-stream-call.js';
import type { CallHead, CallHost, Route, ServedCall } from './served-call.js';
import { ServerStreamCall } from './server-stream-call.js';
import { UnaryCall } from './unary-call.js';

/** The call object that fits the kind of its method. */
export function createCall(host: CallHost, { method, service }: Route, head: CallHead): ServedCall {
  switch (method.kind) {
    case 'unary':
      return new UnaryCall(host, { method, service }, head);
    case 'server_stream':
      return new ServerStreamCall(host, { method, service }, head);
    case 'client_stream':
      return new ClientStreamCall(host, { method, service }, head);
    case 'bidi':
      return new BidiCall(host, { method, service }, head);
    default:
      return method satisfies never;
  }
}
