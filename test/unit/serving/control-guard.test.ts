import { describe, expect, it } from '@jest/globals';
import { ServingError } from '../../../src/error/serving-error.js';
import { peerOf } from '../../../src/grpc/peer.js';
import { assertMayControl, type ControlAccess } from '../../../src/serving/control-guard.js';

const PEERS = {
  loopback: peerOf('tcp', { remoteAddress: '127.0.0.1', remotePort: 5 }),
  mapped: peerOf('tcp', { remoteAddress: '::ffff:127.0.0.1', remotePort: 5 }),
  socket: peerOf('unix', {}),
  remote: peerOf('tcp', { remoteAddress: '192.0.2.7', remotePort: 5 }),
  gone: peerOf('tcp', {}),
};

function answer(access: ControlAccess, peer: keyof typeof PEERS): string {
  try {
    assertMayControl(access, PEERS[peer]);
    return 'welcome';
  } catch (error) {
    return ServingError.from(error).code;
  }
}

describe('assertMayControl', () => {
  it.each([
    ['local', 'loopback', 'welcome'],
    ['local', 'mapped', 'welcome'],
    ['local', 'socket', 'welcome'],
    ['local', 'remote', 'permission_denied'],
    ['local', 'gone', 'permission_denied'],
    ['on', 'remote', 'welcome'],
    ['on', 'loopback', 'welcome'],
    ['off', 'loopback', 'permission_denied'],
    ['off', 'remote', 'permission_denied'],
  ] as const)('%s says to a caller that is %s: %s', (access, peer, expected) => {
    expect(answer(access, peer)).toBe(expected);
  });
});
