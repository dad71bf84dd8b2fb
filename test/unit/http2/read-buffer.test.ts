import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { type AddressInfo, connect, createServer, type Server, Socket } from 'node:net';
import { connect as connectTls, createServer as createTlsServer } from 'node:tls';
import { describe, expect, it } from '@jest/globals';
import { READ_BUFFER_BYTES, shareReadBuffer } from '../../../src/http2/read-buffer.js';

function tlsFile(name: string): Buffer {
  return readFileSync(new URL(`../../../../test/fixtures/tls/${name}`, import.meta.url));
}

/** Accepts one connection at a time, and notes what it brings as it is told. */
class Reader implements AsyncDisposable {
  readonly #server: Server;
  readonly #sockets: Socket[] = [];
  readonly memory = new Set<ArrayBufferLike>();
  readonly texts: string[] = [];
  isShared: boolean | undefined;

  constructor(server: Server, event: 'connection' | 'secureConnection') {
    this.#server = server;
    server.on(event, (socket: Socket) => {
      this.#sockets.push(socket);
      this.isShared = shareReadBuffer(socket, (bytes) => {
        this.memory.add(bytes.buffer);
        this.texts.push(bytes.toString('latin1'));
        server.emit('read');
      });
      socket.on('data', () => this.texts.push('not shared'));
    });
  }

  async listen(): Promise<number> {
    this.#server.listen(0, '127.0.0.1');
    await once(this.#server, 'listening');
    return (this.#server.address() as AddressInfo).port;
  }

  read(): Promise<unknown> {
    return once(this.#server, 'read');
  }

  get socket(): Socket {
    return this.#sockets.at(-1) ?? new Socket();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    this.#server.close();
    await once(this.#server, 'close');
  }
}

describe('shareReadBuffer', () => {
  it('reads every socket into the same memory, up to the end', async () => {
    await using reader = new Reader(createServer({ allowHalfOpen: true }), 'connection');
    const port = await reader.listen();
    for (const text of ['first', 'second']) {
      const client = connect(port, '127.0.0.1');
      const read = reader.read();
      client.write(text);
      await read;
      const ended = once(reader.socket, 'end');
      client.end();
      await ended;
    }
    expect([reader.isShared, reader.texts, reader.memory.size]).toEqual([true, ['first', 'second'], 1]);
    expect([...reader.memory].map(({ byteLength }) => byteLength)).toEqual([READ_BUFFER_BYTES]);
  });

  it('brings nothing while the socket is paused', async () => {
    await using reader = new Reader(createServer(), 'connection');
    const client = connect(await reader.listen(), '127.0.0.1');
    const first = reader.read();
    client.write('a');
    await first;
    reader.socket.pause();
    await new Promise((written) => client.write('b', written));
    // An echo the other way says that the loop has been round with the bytes there.
    const echoed = once(client, 'data');
    reader.socket.write('x');
    await echoed;
    expect(reader.texts).toEqual(['a']);
    const second = reader.read();
    reader.socket.resume();
    await second;
    expect(reader.texts).toEqual(['a', 'b']);
    client.destroy();
  });

  it('does so with TLS', async () => {
    const server = createTlsServer({ cert: tlsFile('server.crt'), key: tlsFile('server.key') });
    await using reader = new Reader(server, 'secureConnection');
    const client = connectTls({ port: await reader.listen(), host: '127.0.0.1', ca: tlsFile('ca.crt'), servername: 'localhost' });
    const read = reader.read();
    client.write('secret');
    await read;
    expect([reader.isShared, reader.texts, reader.memory.size]).toEqual([true, ['secret'], 1]);
    client.destroy();
  });

  it('leaves alone what is not a socket of the system', () => {
    const socket = new Socket();
    expect(shareReadBuffer(socket, () => undefined)).toBe(false);
    socket.destroy();
  });
});
