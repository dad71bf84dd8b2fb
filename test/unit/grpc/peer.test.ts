import { describe, expect, it } from '@jest/globals';
import { isLoopback, peerOf } from '../../../src/grpc/peer.js';

describe('peerOf', () => {
  it('names a TCP peer by address and port', () => {
    expect(peerOf('tcp', { remoteAddress: '10.0.0.7', remotePort: 51234 })).toEqual({ address: '10.0.0.7:51234', local: false });
    expect(peerOf('tcp', { remoteAddress: '2001:db8::1', remotePort: 7 })).toEqual({ address: '[2001:db8::1]:7', local: false });
    expect(peerOf('tcp', { remoteAddress: '127.0.0.1', remotePort: 7 })).toEqual({ address: '127.0.0.1:7', local: true });
  });

  it('takes a unix socket for local', () => {
    expect(peerOf('unix', {})).toEqual({ address: 'unix:', local: true });
  });

  it('never takes a TCP socket without an address for local', () => {
    expect(peerOf('tcp', {}).local).toBe(false);
  });
});

describe('isLoopback', () => {
  it.each(['127.0.0.1', '127.255.1.2', '::1', '::ffff:127.0.0.1', '::FFFF:127.9.9.9'])('%s is', (address) => {
    expect(isLoopback(address)).toBe(true);
  });

  it.each(['128.0.0.1', '10.127.0.1', '::2', '::ffff:10.0.0.1', '::ffff:128.0.0.1', '127.0.0.1.example.org', ''])(
    '%s is not',
    (address) => {
      expect(isLoopback(address)).toBe(false);
    },
  );
});
