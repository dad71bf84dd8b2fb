import { quote } from '../error/quote.js';
import { encodeBinaryValue } from './binary-value.js';
import { isBinaryName, isTransportName } from './metadata.js';

/** An entry of an answer's metadata, as it goes over the wire. */
export interface MetadataField {
  readonly name: string;
  readonly value: string;
}

/** What gRPC says of names and of ASCII values ("Custom-Metadata"); spaces at the ends HTTP would lose. */
const NAME = /^[0-9a-z_.-]+$/;
const ASCII_VALUE = /^(?:[!-~](?:[ -~]*[!-~])?)?$/;

/** Beside those of the transport: what says where a body ends, or speaks of a connection, is HTTP's to say. */
const RESERVED: ReadonlySet<string> = new Set([
  'connection',
  'content-length',
  'host',
  'keep-alive',
  'proxy-connection',
  'trailer',
  'transfer-encoding',
  'upgrade',
]);

/** Throws for what a handler may not add: that is a mistake in the handler, whoever the client is. */
export function createMetadataField(name: string, value: string | Uint8Array): MetadataField {
  if (isTransportName(name) || RESERVED.has(name)) throw new Error(`metadata ${quote(name)} is reserved`);
  if (!NAME.test(name)) throw new Error(`malformed metadata name ${quote(name)}: expected lower-case letters, digits, "_", "-" and "."`);
  if (isBinaryName(name) !== (typeof value !== 'string')) {
    throw new Error(`metadata ${quote(name)}: bytes go with names that end in "-bin", text with all others`);
  }
  if (typeof value !== 'string') return { name, value: encodeBinaryValue(value) };
  if (!ASCII_VALUE.test(value)) {
    throw new Error(
      `malformed value of metadata ${quote(name)}: expected printable ASCII without a space at either end, got ${quote(value)}`,
    );
  }
  return { name, value };
}
