import type { Admission, Call, Method, SendingCall, StreamingCall } from '../../src/grpc/call.js';
import { textCodec } from './grpc-server.js';

const texts = { request: textCodec, response: textCodec };

/** Methods of texts, one of each kind, for a server under test. */
export function unary(name: string, handle: (request: string, call: Call) => Promise<string>, admission: Admission = 'inference'): Method {
  const method: Method<string, string> = { ...texts, path: `/test.Test/${name}`, admission, kind: 'unary', handle };
  return method;
}

export function serverStream(
  name: string,
  handle: (request: string, call: SendingCall<string>) => Promise<void>,
  admission: Admission = 'inference',
): Method {
  const method: Method<string, string> = { ...texts, path: `/test.Test/${name}`, admission, kind: 'server_stream', handle };
  return method;
}

export function clientStream(name: string, handle: (requests: AsyncIterable<string>, call: Call) => Promise<string>): Method {
  const method: Method<string, string> = { ...texts, path: `/test.Test/${name}`, admission: 'inference', kind: 'client_stream', handle };
  return method;
}

export function bidi(
  name: string,
  handle: (requests: AsyncIterable<string>, call: StreamingCall<string>) => Promise<void>,
  admission: Admission = 'inference',
): Method {
  const method: Method<string, string> = { ...texts, path: `/test.Test/${name}`, admission, kind: 'bidi', handle };
  return method;
}

/** Never returns by itself; rejects, as every handler should, when the call is cancelled. */
export function untilCancelled(call: Call): Promise<never> {
  return new Promise((_resolve, reject) => call.signal.subscribe({ onCancel: reject }));
}
