import { Server, ServerCredentials } from '@grpc/grpc-js';

export interface PlainServer extends AsyncDisposable {
  readonly address: string;
}

/** A grpc-js server as anybody would set one up: the reference in differential tests. */
export async function startPlainServer(...parts: readonly { addToServer(server: Server): void }[]): Promise<PlainServer> {
  const server = new Server();
  for (const part of parts) part.addToServer(server);
  const port = await new Promise<number>((resolve, reject) => {
    server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, bound) =>
      error === null ? resolve(bound) : reject(error),
    );
  });
  return { address: `127.0.0.1:${port}`, [Symbol.asyncDispose]: async () => server.forceShutdown() };
}
