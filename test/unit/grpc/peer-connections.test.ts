import { describe, expect, it } from '@jest/globals';
import { PeerConnections, peerNetwork } from '../../../src/grpc/peer-connections.js';

describe('peerNetwork', () => {
  it.each([
    ['192.0.2.7', '192.0.2.7'],
    ['::ffff:192.0.2.7', '192.0.2.7'],
    ['::FFFF:192.0.2.7', '192.0.2.7'],
    ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2::/64'],
    ['2001:db8::1', '2001:db8:0:0::/64'],
    ['2001:db8:1:2::', '2001:db8:1:2::/64'],
    ['1:2:3::4:5:6:7', '1:2:3:0::/64'],
    ['1::3:4:5:6:7:8', '1:0:3:4::/64'],
    ['::3:4:5:6:7:8', '0:0:3:4::/64'],
    ['::1', '0:0:0:0::/64'],
    ['::', '0:0:0:0::/64'],
    ['64:ff9b::192.0.2.7', '64:ff9b:0:0::/64'],
    ['1:2:3::5:192.0.2.7', '1:2:3:0::/64'],
    ['fe80::1:2:3:4%eth0', 'fe80:0:0:0::/64'],
  ])('of %s is %s', (address, network) => {
    expect(peerNetwork(address)).toBe(network);
  });
});

describe('PeerConnections', () => {
  it('lets each peer have as many as the limit, and forgets one that has none', () => {
    const peers = new PeerConnections(2);
    expect(['a', 'a', 'a', 'b'].map((peer) => peers.enter(peer))).toEqual([true, true, false, true]);
    peers.leave('a');
    expect(peers.enter('a')).toBe(true);
    for (const peer of ['a', 'a', 'b']) peers.leave(peer);
    expect(peers.size).toBe(0);
  });

  it('remembers nothing of a peer that may have none', () => {
    const peers = new PeerConnections(0);
    expect([peers.enter('a'), peers.size]).toEqual([false, 0]);
  });
});
