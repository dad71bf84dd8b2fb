import { isIPv6 } from 'node:net';

const IPV4_IN_IPV6 = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i;

/** Of the eight groups of an IPv6 address: its first half names the network, which one peer commonly has to itself. */
const NETWORK_GROUPS = 4;
const GROUPS = 8;

/**
 * Who is behind a remote address, written as node:net writes it: the IPv4 address, in IPv6 or not, or the /64 network of an IPv6 address, of
 * which one peer can have every address.
 */
export function peerNetwork(address: string): string {
  const ipv4 = IPV4_IN_IPV6.exec(address)?.[1];
  if (ipv4 !== undefined) return ipv4;
  return isIPv6(address) ? `${groupsOf(address).slice(0, NETWORK_GROUPS).join(':')}::/64` : address;
}

/** The groups of an IPv6 address, those left out included, as far as its network is concerned: an IPv4 address at its end counts as the two that it is. */
function groupsOf(address: string): string[] {
  const [head, tail] = address
    .replace(/%.*$/, '')
    .replace(/\d+\.\d+\.\d+\.\d+$/, '0:0')
    .split('::');
  const first = splitGroups(head);
  const last = splitGroups(tail);
  return [...first, ...Array<string>(GROUPS - first.length - last.length).fill('0'), ...last];
}

function splitGroups(text: string | undefined): string[] {
  return text === undefined || text === '' ? [] : text.split(':');
}

/** How many connections each peer has. A peer without any is not remembered. */
export class PeerConnections {
  readonly #limit: number;
  readonly #counts = new Map<string, number>();

  /** `limit` may be Infinity. */
  constructor(limit: number) {
    this.#limit = limit;
  }

  /** Peers that have connections. */
  get size(): number {
    return this.#counts.size;
  }

  /** Counts one more, unless the peer has as many as it may: false. */
  enter(network: string): boolean {
    const count = this.#counts.get(network) ?? 0;
    if (count >= this.#limit) return false;
    this.#counts.set(network, count + 1);
    return true;
  }

  /** Once for each that was counted. */
  leave(network: string): void {
    const count = this.#counts.get(network) ?? 0;
    if (count > 1) this.#counts.set(network, count - 1);
    else this.#counts.delete(network);
  }
}
