import { type Server, ServerInterceptingCall, type ServerInterceptingCallInterface, type ServerInterceptor } from '@grpc/grpc-js';
import type { GrpcJsCarrier } from './grpc-js-carrier.js';

/** What grpc-js would otherwise feed with our call's messages. It only ever calls `start`. */
class InertCall extends ServerInterceptingCall {
  constructor() {
    super({} as ServerInterceptingCallInterface);
  }

  override start(): void {}
}

const INERT = new InertCall();

/**
 * Takes each call out of grpc-js's hands as soon as it has framed it: its own call objects (an EventEmitter, or an
 * object-mode stream, for each call) are never made. grpc-js runs its interceptors while its 'stream' listener is being
 * called, so that the call that is arriving needs no look-up.
 */
export class Interception {
  #arriving: GrpcJsCarrier | undefined;

  readonly interceptor: ServerInterceptor = (_method, transport) => {
    const carrier = this.#arriving;
    if (carrier === undefined) throw new Error('grpc-js started a call that did not come through the door');
    this.#arriving = undefined;
    carrier.begin(transport);
    return INERT;
  };

  /** Right before grpc-js's own 'stream' listener is called for the carrier's stream. */
  announce(carrier: GrpcJsCarrier): void {
    this.#arriving = carrier;
  }
}

/** Makes the paths known to grpc-js, which frames their messages and leaves the bytes alone. */
export function registerPaths(server: Server, paths: Iterable<string>): void {
  for (const path of paths) {
    // Which of the four kinds it takes them for does not matter: no call gets that far.
    server.register(path, unreachable, viewAsBuffer, identity, 'unary');
  }
}

function unreachable(): void {
  throw new Error('grpc-js ran a handler of its own');
}

function identity(bytes: Buffer): Buffer {
  return bytes;
}

function viewAsBuffer(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
