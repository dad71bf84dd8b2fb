import { BlockList, SocketAddress } from 'node:net';
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { PeerConnections, peerNetwork } from '../../src/grpc/peer-connections.js';

/** Few values, so that networks are met again; zeros, so that runs of them are left out. */
const group = fc.constantFrom('0', '0', '1', 'ab', 'ffff');
const half = fc.array(group, { minLength: 4, maxLength: 4 });
const ipv6 = fc
  .tuple(fc.oneof(half, fc.constant(['2001', 'db8', '0', '1'])), half)
  // As the system writes it, which is how node:net has it from there.
  .map(([network, host]) => new SocketAddress({ address: [...network, ...host].join(':'), family: 'ipv6' }).address)
  .filter((address) => !address.startsWith('::ffff:'));

describe('peerNetwork', () => {
  it('is the same for two IPv6 addresses where node:net finds one in the /64 of the other', () => {
    fc.assert(
      fc.property(ipv6, ipv6, (a, b) => {
        const network = new BlockList();
        network.addSubnet(a, 64, 'ipv6');
        expect(peerNetwork(a) === peerNetwork(b)).toBe(network.check(b, 'ipv6'));
      }),
    );
  });

  it('is the same for an IPv4 address and itself in IPv6', () => {
    fc.assert(fc.property(fc.ipV4(), (address) => expect(peerNetwork(`::ffff:${address}`)).toBe(peerNetwork(address))));
  });
});

describe('PeerConnections', () => {
  it('counts as a list of connections would, and holds nothing when all have gone', () => {
    const peer = fc.constantFrom('a', 'b', 'c');
    const step = fc.record({ peer, kind: fc.constantFrom('enter', 'enter', 'leave') });
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 4 }), fc.array(step), (limit, steps) => {
        const peers = new PeerConnections(limit);
        const there: string[] = [];
        for (const { peer: one, kind } of steps) {
          const count = there.filter((other) => other === one).length;
          if (kind === 'enter') {
            expect(peers.enter(one)).toBe(count < limit);
            if (count < limit) there.push(one);
          } else if (count > 0) {
            peers.leave(one);
            there.splice(there.indexOf(one), 1);
          }
          expect(peers.size).toBe(new Set(there).size);
        }
        for (const one of there) peers.leave(one);
        expect(peers.size).toBe(0);
      }),
    );
  });
});
