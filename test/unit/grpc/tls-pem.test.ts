import { X509Certificate } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import { assertTlsPem, secureContextOf } from '../../../src/grpc/tls-pem.js';
import { serialOf, tlsFixture } from '../../support/tls-mount.js';

const cert = tlsFixture('server.crt');
const key = tlsFixture('server.key');
const ca = tlsFixture('ca.crt');
const half = ca.subarray(0, 200);
const NO_CERTIFICATE = Buffer.from('-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n');

describe('assertTlsPem', () => {
  it('takes what belongs together, and returns the certificate', () => {
    expect(assertTlsPem({ cert, key }).serialNumber).toBe(serialOf('server.crt'));
    expect(assertTlsPem({ cert: cert.toString(), key: key.toString(), clientCa: ca.toString() }).subject).toBe('CN=server');
  });

  it('takes a chain, several authorities, and text around them', () => {
    const clientCa = Buffer.concat([Buffer.from('# ours\n'), ca, Buffer.from('# theirs\n'), tlsFixture('next-ca.crt')]);
    expect(assertTlsPem({ cert: Buffer.concat([cert, ca]), key, clientCa }).subject).toBe('CN=server');
  });

  it.each([
    ['half a certificate', { cert: cert.subarray(0, 200), key }, 'the TLS certificate is no certificate in PEM'],
    ['an empty certificate', { cert: '', key }, 'the TLS certificate is no certificate in PEM'],
    ['half a key', { cert, key: key.subarray(0, 100) }, 'the TLS key is no private key in PEM without a passphrase'],
    ['the key of another', { cert, key: tlsFixture('next-server.key') }, 'the TLS certificate is not that of the TLS key'],
    ['a binary certificate', { cert: new X509Certificate(cert).raw, key }, 'the TLS certificate chain or its key cannot be used'],
    ['a broken chain', { cert: Buffer.concat([cert, NO_CERTIFICATE]), key }, 'the TLS certificate chain or its key cannot be used'],
    ['no authority', { cert, key, clientCa: 'none' }, 'the TLS client authorities hold no certificate in PEM'],
    ['half an authority', { cert, key, clientCa: half }, 'the TLS client authorities hold a broken certificate'],
    ['half of the last one', { cert, key, clientCa: Buffer.concat([ca, half]) }, 'the TLS client authorities hold a broken certificate'],
  ])('refuses %s', (_, tls, message) => {
    expect(() => assertTlsPem(tls)).toThrow(message);
  });
});

describe('secureContextOf', () => {
  it('speaks TLS 1.2 at least, and trusts nobody in particular where no authority is given', () => {
    expect(secureContextOf({ cert, key })).toEqual({ cert, key, minVersion: 'TLSv1.2' });
    expect(secureContextOf({ cert, key, clientCa: ca })).toMatchObject({ ca });
  });
});
