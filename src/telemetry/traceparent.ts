/** A caller's trace context as W3C Trace Context level 1 writes it in `traceparent`. */
export interface TraceParent {
  /** 32 lower-case hex digits, not all zero. */
  readonly traceId: string;
  /** 16 lower-case hex digits, not all zero. */
  readonly spanId: string;
  readonly sampled: boolean;
}

const LENGTH = 55;
const DASH = 45;
const SAMPLED = 1;

/**
 * Undefined for anything that the standard calls invalid; the call then starts a trace of its own. A version above 00 may carry
 * more behind another dash, which is ignored.
 */
export function parseTraceparent(text: string): TraceParent | undefined {
  if (text.length < LENGTH || text.charCodeAt(2) !== DASH || text.charCodeAt(35) !== DASH || text.charCodeAt(52) !== DASH) return undefined;
  const version = hexByte(text, 0);
  const flags = hexByte(text, 53);
  if (version === undefined || version === 0xff || flags === undefined) return undefined;
  if (text.length > LENGTH && (version === 0 || text.charCodeAt(LENGTH) !== DASH)) return undefined;
  if (!isId(text, 3, 35) || !isId(text, 36, 52)) return undefined;
  return { traceId: text.slice(3, 35), spanId: text.slice(36, 52), sampled: (flags & SAMPLED) !== 0 };
}

/** Value of one lower-case hex digit; -1 for anything else. */
function hexDigit(code: number): number {
  if (code >= 48 && code <= 57) return code - 48;
  return code >= 97 && code <= 102 ? code - 87 : -1;
}

function hexByte(text: string, at: number): number | undefined {
  const high = hexDigit(text.charCodeAt(at));
  const low = hexDigit(text.charCodeAt(at + 1));
  return high < 0 || low < 0 ? undefined : high * 16 + low;
}

function isId(text: string, start: number, end: number): boolean {
  let zero = true;
  for (let at = start; at < end; at++) {
    const digit = hexDigit(text.charCodeAt(at));
    if (digit < 0) return false;
    if (digit > 0) zero = false;
  }
  return !zero;
}
