import { describe, expect, it } from '@jest/globals';
import { isSameTls, loadTlsFiles, readTlsFiles, type TlsFromFiles } from '../../../src/grpc/tls-files.js';
import { TlsMount, tlsFixture } from '../../support/tls-mount.js';

const pairOf = (mount: TlsMount) => ({ cert: mount.file('cert'), key: mount.file('key') });
const allOf = (mount: TlsMount) => ({ ...pairOf(mount), clientCa: mount.file('clientCa') });

describe('readTlsFiles', () => {
  it('reads what is asked for and remembers where', async () => {
    await using mount = await TlsMount.create({ cert: 'server.crt', key: 'server.key', clientCa: 'ca.crt' });
    const pair = { cert: tlsFixture('server.crt'), key: tlsFixture('server.key') };
    expect(await readTlsFiles(pairOf(mount))).toEqual({ files: pairOf(mount), ...pair });
    expect(await readTlsFiles(allOf(mount))).toEqual({ files: allOf(mount), ...pair, clientCa: tlsFixture('ca.crt') });
  });

  it('names the first file that is missing', async () => {
    await using mount = await TlsMount.create({});
    await expect(readTlsFiles(allOf(mount))).rejects.toMatchObject({ code: 'ENOENT', path: mount.file('cert') });
  });
});

describe('loadTlsFiles', () => {
  it('takes nothing that a server could not use', async () => {
    await using mount = await TlsMount.create({ cert: 'server.crt', key: 'next-server.key' });
    await expect(loadTlsFiles(pairOf(mount))).rejects.toThrow('the TLS certificate is not that of the TLS key');
    await mount.replace({ cert: 'server.crt', key: 'server.key' });
    expect((await loadTlsFiles(pairOf(mount))).cert).toEqual(tlsFixture('server.crt'));
  });
});

describe('isSameTls', () => {
  const files = { cert: 'c', key: 'k' };
  const one: TlsFromFiles = { files, cert: Buffer.from('cert'), key: Buffer.from('key') };
  const other = Buffer.from('other');

  it.each([
    ['the same', {}, true],
    ['another certificate', { cert: other }, false],
    ['another key', { key: other }, false],
  ])('says of %s: %j %s', (_, change, same) => {
    expect(isSameTls(one, { ...one, ...change })).toBe(same);
    expect(isSameTls({ ...one, ...change }, one)).toBe(same);
  });

  it('looks at the client authorities', () => {
    const mutual = { ...one, clientCa: Buffer.from('ca') };
    expect(isSameTls(mutual, { ...mutual, clientCa: Buffer.from('ca') })).toBe(true);
    expect(isSameTls(mutual, { ...mutual, clientCa: other })).toBe(false);
    expect(isSameTls(mutual, one)).toBe(false);
  });
});
