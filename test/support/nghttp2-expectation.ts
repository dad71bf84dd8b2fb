import type { HpackDecoder } from '../../src/http2/hpack/decoder.js';
import type { HeaderField } from '../../src/http2/hpack/header-field.js';
import { HpackError } from '../../src/http2/hpack/hpack-error.js';
import type { Decoding } from './nghttp2-decoder.js';

/** RFC 9110 sections 5.1 and 5.5, which nghttp2 holds fields to: what does not comply it leaves out. RFC 9113 section 8.2.1 asks for less. */
const TOKEN = /^[!#$%&'*+\-.^_`|~0-9a-z]+$/;
const VISIBLE = /^(?![\t ])[\t\x20-\x7e\x80-\xff]*(?<![\t ])$/;
/** No interim answer has these: RFC 9113 section 8.2.2 and RFC 9110 section 8.6. */
const UNFIT_NAMES: ReadonlySet<string> = new Set([
  'connection',
  'content-length',
  'keep-alive',
  'proxy-connection',
  'transfer-encoding',
  'upgrade',
]);

/** What became of a header block in our decoder. */
export type OurDecoding =
  | { readonly kind: 'fields'; readonly fields: readonly HeaderField[] }
  | { readonly kind: 'refused'; readonly reason: string };

export function decode(decoder: HpackDecoder, block: Buffer): OurDecoding {
  const fields: HeaderField[] = [];
  try {
    decoder.decode(block, 0, block.length, Number.POSITIVE_INFINITY, fields);
    return { kind: 'fields', fields };
  } catch (error) {
    if (error instanceof HpackError) return { kind: 'refused', reason: error.message };
    throw error;
  }
}

/** What nghttp2 is to say to a block that has come out so for us. */
export function expectedOfNghttp2(ours: OurDecoding): Decoding {
  if (ours.kind === 'refused') return ours;
  const [status, ...rest] = ours.fields;
  const shown = rest.filter(isShown);
  const isAnswer = status?.name === ':status' && !rest.some(isPseudoOrUpperCase) && !shown.some(isUnfit);
  if (!isAnswer) return { kind: 'malformed' };
  return { kind: 'fields', fields: [status, ...shown].map(({ name, value }) => [name, value] as const) };
}

export function isPseudoOrUpperCase({ name }: HeaderField): boolean {
  return name.startsWith(':') || /[A-Z]/.test(name);
}

export function isShown({ name, value }: HeaderField): boolean {
  return TOKEN.test(name) && VISIBLE.test(value);
}

export function isUnfit({ name, value }: HeaderField): boolean {
  return UNFIT_NAMES.has(name) || (name === 'te' && value.toLowerCase() !== 'trailers');
}
