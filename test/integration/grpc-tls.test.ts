import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { connect } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { describe, expect, it } from '@jest/globals';
import { RawClient } from '../support/grpc-client.js';
import { unary } from '../support/grpc-methods.js';
import { serviceOf, startServer } from '../support/grpc-server.js';

/** Made by make.sh beside them; read from the sources, as the compiler copies no such files. */
function fixture(name: string): Buffer {
  return readFileSync(new URL(`../../../test/fixtures/tls/${name}`, import.meta.url));
}

const ca = fixture('ca.crt');
const server = { cert: fixture('server.crt'), key: fixture('server.key') };
const client = { cert: fixture('client.crt'), key: fixture('client.key') };
const who = serviceOf(unary('Who', async (_request, { peer }) => String(peer.local)));

function port(address: string): number {
  return Number(address.split(':').pop());
}

describe('TLS', () => {
  it('is spoken with a client that trusts the authority, and calls work as without', async () => {
    await using at = await startServer([who], { tls: server });
    await using trusting = await RawClient.connect(at.address, { secure: true, ca });
    expect((await trusting.call('/test.Test/Who', '')).messages.map(String)).toEqual(['true']);
    await expect(RawClient.connect(at.address, { secure: true })).rejects.toThrow();
  });

  it('with a client authority lets nobody in without a certificate of it', async () => {
    await using at = await startServer([who], { tls: { ...server, clientCa: ca } });
    await using known = await RawClient.connect(at.address, { secure: true, ca, ...client });
    expect(await known.call('/test.Test/Who', '')).toMatchObject({ status: 0 });
    const stranger = connectTls({ port: port(at.address), host: '127.0.0.1', ca, ALPNProtocols: ['h2'] });
    const [error] = (await once(stranger, 'error')) as [Error];
    expect(error.message).toContain('certificate required');
    expect(at.door.entered).toBe(1);
  });

  it('closes a client that does not complete its handshake, or says nothing after it', async () => {
    await using at = await startServer([who], { tls: server, prefaceTimeoutMs: 100 });
    const silent = connect(port(at.address), '127.0.0.1');
    await once(silent.resume(), 'close');
    const speechless = connectTls({ port: port(at.address), host: '127.0.0.1', ca, ALPNProtocols: ['h2'] });
    await once(speechless.resume(), 'close');
  });

  it('closes a client that does not speak HTTP/2', async () => {
    await using at = await startServer([who], { tls: server, prefaceTimeoutMs: 1000 });
    const old = connectTls({ port: port(at.address), host: '127.0.0.1', ca, ALPNProtocols: ['http/1.1'] });
    old.on('error', () => undefined);
    await new Promise((resolve) => old.resume().once('close', resolve));
  });

  it('counts its connections, and gives them up', async () => {
    await using at = await startServer([who], { tls: server, maxConnections: 1 });
    {
      await using first = await RawClient.connect(at.address, { secure: true, ca });
      await expect(RawClient.connect(at.address, { secure: true, ca })).rejects.toThrow();
      expect(await first.call('/test.Test/Who', '')).toMatchObject({ status: 0 });
    }
    // There is room again once the server has seen the first one go.
    let again: RawClient | undefined;
    while (again === undefined) again = await RawClient.connect(at.address, { secure: true, ca }).catch(() => undefined);
    expect(await again.call('/test.Test/Who', '')).toMatchObject({ status: 0 });
    await again[Symbol.asyncDispose]();
    await at.server.drain(new AbortController().signal);
  });
});
