import { once } from 'node:events';
import { connect } from 'node:net';
import { networkInterfaces } from 'node:os';
import { describe, expect, it } from '@jest/globals';
import { type AdminPorts, type AdminServer, startAdminServer } from '../../../src/http/admin.js';

const PORTS: AdminPorts = {
  contentType: 'text/plain; version=0.0.4',
  metrics: () => Promise.resolve('up 1\n'),
  ready: () => ({ ready: true, reasons: [] }),
  onError: (error) => {
    throw error;
  },
};

/** Some containers have none. */
const hasIpv6 = Object.values(networkInterfaces()).some((addresses) => addresses?.some(({ address }) => address === '::1'));

const start = (ports: Partial<AdminPorts> = {}) => startAdminServer({ host: '127.0.0.1', port: 0 }, { ...PORTS, ...ports });
const get = ({ address }: AdminServer, path: string, init?: RequestInit) => fetch(`http://${address}${path}`, init);

describe('startAdminServer', () => {
  it('binds a free port and says which', async () => {
    await using server = await start();
    expect(server.address).toMatch(/^127\.0\.0\.1:[1-9]\d*$/);
  });

  it('shows the metrics under their content type', async () => {
    await using server = await start();
    const response = await get(server, '/metrics?name=x');
    expect([response.status, response.headers.get('content-type'), await response.text()]).toEqual([200, PORTS.contentType, 'up 1\n']);
  });

  it('tells that the process lives by answering', async () => {
    await using server = await start();
    const response = await get(server, '/livez');
    expect([response.status, await response.json()]).toEqual([200, { live: true }]);
  });

  it('names what is not ready', async () => {
    let ready = { ready: false, reasons: ['digits/1 is loading'] };
    await using server = await start({ ready: () => ready });
    const refused = await get(server, '/readyz');
    expect([refused.status, await refused.json()]).toEqual([503, { ready: false, reasons: ['digits/1 is loading'] }]);
    ready = { ready: true, reasons: [] };
    const accepted = await get(server, '/readyz');
    expect([accepted.status, await accepted.json()]).toEqual([200, { ready: true, reasons: [] }]);
  });

  it('answers HEAD with the head alone', async () => {
    await using server = await start();
    const response = await get(server, '/metrics', { method: 'HEAD' });
    expect([response.status, response.headers.get('content-length'), await response.text()]).toEqual([200, '5', '']);
  });

  it('refuses other paths and other methods', async () => {
    await using server = await start();
    expect((await get(server, '/')).status).toBe(404);
    const post = await get(server, '/metrics', { method: 'POST', body: 'x'.repeat(100_000) });
    expect([post.status, post.headers.get('allow')]).toEqual([405, 'GET, HEAD']);
  });

  it('answers 500 without the reason, and hands that on, when a page cannot be made', async () => {
    const errors: unknown[] = [];
    await using server = await start({ metrics: () => Promise.reject(new Error('secret')), onError: (error) => errors.push(error) });
    const response = await get(server, '/metrics');
    expect([response.status, await response.text()]).toEqual([500, 'internal error\n']);
    expect(errors).toEqual([new Error('secret')]);
  });

  it('rejects where the port is in use', async () => {
    await using server = await start();
    const port = Number(server.address.split(':')[1]);
    await expect(startAdminServer({ host: '127.0.0.1', port }, PORTS)).rejects.toMatchObject({ code: 'EADDRINUSE', port });
  });

  (hasIpv6 ? it : it.skip)('puts an IPv6 address in brackets', async () => {
    await using server = await startAdminServer({ host: '::1', port: 0 }, PORTS);
    expect(server.address).toMatch(/^\[::1\]:\d+$/);
    expect((await get(server, '/livez')).status).toBe(200);
  });

  it('ends open connections when it closes, and may be closed twice', async () => {
    const server = await start();
    const socket = connect(Number(server.address.split(':')[1]), '127.0.0.1');
    await once(socket, 'connect');
    socket.write('GET /livez HTTP/1.1\r\nhost: x\r\n\r\n');
    await once(socket, 'data');
    const closed = once(socket, 'close');
    await server.close();
    await closed;
    await server.close();
  });
});
