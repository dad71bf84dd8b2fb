import { isIPv6 } from 'node:net';

/** Where a server listens: "host:port" (0 = any free port, IPv6 in brackets) or "unix:/path". */
export type ListenAddress =
  | { readonly family: 'tcp'; readonly host: string; readonly port: number }
  | { readonly family: 'unix'; readonly path: string };

const MAX_PORT = 65_535;

/** Throws a RangeError that names the text for anything else. */
export function parseListenAddress(text: string): ListenAddress {
  if (text.startsWith('unix:') && text.length > 'unix:'.length) return { family: 'unix', path: text.slice('unix:'.length) };
  const [, bracketed, plain, digits] = /^(?:\[([^\]]+)\]|([^:]+)):(\d{1,5})$/.exec(text) ?? [];
  const host = bracketed ?? plain;
  if (host === undefined || Number(digits) > MAX_PORT) {
    throw new RangeError(`cannot listen on ${JSON.stringify(text)}: expected "host:port", "[ipv6]:port" or "unix:/path"`);
  }
  return { family: 'tcp', host, port: Number(digits) };
}

/** The reverse, for the address that was really bound. */
export function formatListenAddress(address: ListenAddress): string {
  if (address.family === 'unix') return `unix:${address.path}`;
  return `${isIPv6(address.host) ? `[${address.host}]` : address.host}:${address.port}`;
}
