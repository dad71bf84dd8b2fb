import { once } from 'node:events';
import { connect } from 'node:tls';
import { describe, expect, it } from '@jest/globals';
import { eventually } from '../support/eventually.js';
import { RawClient } from '../support/grpc-client.js';
import { RunningApp } from '../support/running-app.js';
import { serialOf, TlsMount, tlsFixture } from '../support/tls-mount.js';

const CHECK = '/grpc.health.v1.Health/Check';
const OLD = { cert: 'server.crt', key: 'server.key', clientCa: 'ca.crt' };
const NEW = { cert: 'next-server.crt', key: 'next-server.key', clientCa: 'next-ca.crt' };

function start(mount: TlsMount, mutual: boolean): Promise<RunningApp> {
  const files = { tlsCertFile: mount.file('cert'), tlsKeyFile: mount.file('key') };
  const flags = mutual ? { ...files, tlsClientCaFile: mount.file('clientCa') } : files;
  return RunningApp.examples(['identity'], flags, { tlsIntervalMs: 10 });
}

/** The serial number of the certificate that a new connection is shown. */
async function servedSerial(address: string): Promise<string> {
  const port = Number(address.split(':').pop());
  const socket = connect({ port, host: '127.0.0.1', rejectUnauthorized: false, ALPNProtocols: ['h2'] });
  await once(socket, 'secureConnect');
  const { serialNumber } = socket.getPeerCertificate();
  socket.destroy();
  return serialNumber;
}

function dial(address: string, authority: string, client: string): Promise<RawClient> {
  const own = { cert: tlsFixture(`${client}.crt`), key: tlsFixture(`${client}.key`) };
  return RawClient.connect(address, { secure: true, ca: tlsFixture(authority), ...own });
}

describe('a server whose TLS files are replaced', () => {
  it('shows the new certificate to new connections, and serves the old ones', async () => {
    await using mount = await TlsMount.create(OLD);
    await using app = await start(mount, false);
    await using old = await dial(app.address, 'ca.crt', 'client');
    expect(await servedSerial(app.address)).toBe(serialOf('server.crt'));

    await mount.replace(NEW);
    await eventually('the files are read again', () => app.log.first('tls_reloaded'));
    expect(await servedSerial(app.address)).toBe(serialOf('next-server.crt'));
    await using fresh = await dial(app.address, 'next-ca.crt', 'next-client');
    for (const client of [old, fresh]) expect(await client.call(CHECK, '')).toMatchObject({ status: 0 });
    expect(app.log.all('tls_reloaded')).toMatchObject([{ level: 'info', serialNumber: serialOf('next-server.crt') }]);
  });

  it('keeps its certificate while they are half replaced, and says so once', async () => {
    await using mount = await TlsMount.create(OLD);
    await using app = await start(mount, false);
    await mount.replace({ ...OLD, cert: NEW.cert });
    await eventually('the files are read again', () => app.log.first('tls_reload_failed'));
    expect(await servedSerial(app.address)).toBe(serialOf('server.crt'));

    await mount.replace(NEW);
    await eventually('the files are read again', () => app.log.first('tls_reloaded'));
    expect(await servedSerial(app.address)).toBe(serialOf('next-server.crt'));
    const reason = 'the TLS certificate is not that of the TLS key';
    expect(app.log.all('tls_reload_failed')).toMatchObject([{ level: 'warn', reason }]);
  });

  it('asks new connections for certificates of the new authority', async () => {
    await using mount = await TlsMount.create(OLD);
    await using app = await start(mount, true);
    await using old = await dial(app.address, 'ca.crt', 'client');
    await expect(dial(app.address, 'ca.crt', 'next-client')).rejects.toThrow();

    await mount.replace({ ...OLD, clientCa: NEW.clientCa });
    await eventually('the files are read again', () => app.log.first('tls_reloaded'));
    await using fresh = await dial(app.address, 'ca.crt', 'next-client');
    await expect(dial(app.address, 'ca.crt', 'client')).rejects.toThrow();
    for (const client of [old, fresh]) expect(await client.call(CHECK, '')).toMatchObject({ status: 0 });
  });

  it('reads them no more once it drains', async () => {
    await using mount = await TlsMount.create(OLD);
    await using app = await start(mount, false);
    await app.server.drain();
    await mount.replace({});
    await using elsewhere = await TlsMount.create(OLD);
    await using next = await start(elsewhere, false);
    expect(await servedSerial(next.address)).toBe(serialOf('server.crt'));
    expect(app.log.first('tls_reload_failed')).toBeUndefined();
  });
});

describe('a server that is started with TLS files', () => {
  it('that do not fit together does not start', async () => {
    await using mount = await TlsMount.create({ cert: 'server.crt', key: 'next-server.key' });
    await expect(start(mount, false)).rejects.toThrow('the TLS certificate is not that of the TLS key');
  });
});
