import { createPrivateKey, type KeyObject, X509Certificate } from 'node:crypto';
import { createSecureContext, type SecureContextOptions } from 'node:tls';
import type { TlsOptions } from './server-options.js';

/** Where a certificate begins; splits a text without taking anything away. */
const BEGIN_CERTIFICATE = /(?=-----BEGIN (?:X509 |TRUSTED )?CERTIFICATE-----)/;

/** What node:tls makes of the PEM texts. */
export function secureContextOf({ cert, key, clientCa }: TlsOptions): SecureContextOptions {
  return { cert, key, ...(clientCa !== undefined && { ca: clientCa }), minVersion: 'TLSv1.2' };
}

/**
 * Throws where node:tls would fail, or would take what lets nobody in: it passes over authorities that it cannot read. What the runtime says of it is the
 * cause. Returns the server's own certificate.
 */
export function assertTlsPem(tls: TlsOptions): X509Certificate {
  const certificate = readCertificate(tls.cert);
  if (!certificate.checkPrivateKey(readKey(tls.key))) throw new Error('the TLS certificate is not that of the TLS key');
  if (tls.clientCa !== undefined) assertAuthorities(tls.clientCa.toString());
  orThrow('the TLS certificate chain or its key cannot be used', () => createSecureContext(secureContextOf(tls)));
  return certificate;
}

function readCertificate(pem: string | Buffer): X509Certificate {
  return orThrow('the TLS certificate is no certificate in PEM', () => new X509Certificate(pem));
}

function readKey(pem: string | Buffer): KeyObject {
  return orThrow('the TLS key is no private key in PEM without a passphrase', () => createPrivateKey(pem));
}

function assertAuthorities(pem: string): void {
  const blocks = pem.split(BEGIN_CERTIFICATE).filter((block) => BEGIN_CERTIFICATE.test(block));
  if (blocks.length === 0) throw new Error('the TLS client authorities hold no certificate in PEM');
  for (const block of blocks) orThrow('the TLS client authorities hold a broken certificate', () => new X509Certificate(block));
}

function orThrow<T>(message: string, read: () => T): T {
  try {
    return read();
  } catch (cause) {
    throw new Error(message, { cause });
  }
}
