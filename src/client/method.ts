/** A generated message type: how it is written and read. */
interface MessageType<T> {
  encode(message: T): { finish(): Uint8Array };
  decode(bytes: Uint8Array): T;
}

interface MethodDefinition<I, O> {
  readonly name: string;
  readonly requestType: MessageType<I>;
  readonly responseType: MessageType<O>;
}

/** One method as grpc-js calls it. */
export interface ClientMethod<I, O> {
  /** "/package.Service/Method" */
  readonly path: string;
  readonly serialize: (message: I) => Buffer;
  readonly deserialize: (bytes: Buffer) => O;
}

export function createMethod<I, O>(service: string, { name, requestType, responseType }: MethodDefinition<I, O>): ClientMethod<I, O> {
  return {
    path: `/${service}/${name}`,
    serialize: (message) => viewAsBuffer(requestType.encode(message).finish()),
    deserialize: (bytes) => responseType.decode(bytes),
  };
}

function viewAsBuffer({ buffer, byteOffset, byteLength }: Uint8Array): Buffer {
  return Buffer.from(buffer, byteOffset, byteLength);
}
