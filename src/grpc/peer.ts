import { isIPv6 } from 'node:net';
import type { Peer } from './call.js';

const UNIX_PEER: Peer = { address: 'unix:', local: true };

/** A TCP socket that is gone before it was looked at: never taken for a local one. */
const UNKNOWN_PEER: Peer = { address: 'unknown', local: false };

/** The remote end of a socket, as node:net tells it. */
export interface RemoteEnd {
  readonly remoteAddress?: string | undefined;
  readonly remotePort?: number | undefined;
}

/** `family` is that of the listening socket: a TCP socket that has been reset has no address either. */
export function peerOf(family: 'tcp' | 'unix', remote: RemoteEnd): Peer {
  if (family === 'unix') return UNIX_PEER;
  if (remote.remoteAddress === undefined) return UNKNOWN_PEER;
  const host = isIPv6(remote.remoteAddress) ? `[${remote.remoteAddress}]` : remote.remoteAddress;
  return { address: `${host}:${remote.remotePort ?? 0}`, local: isLoopback(remote.remoteAddress) };
}

/** 127.0.0.0/8 as IPv4 or mapped into IPv6, and ::1. */
export function isLoopback(address: string): boolean {
  return address === '::1' || /^(::ffff:)?127\.\d+\.\d+\.\d+$/i.test(address);
}
