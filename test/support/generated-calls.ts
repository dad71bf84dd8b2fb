import { deflateSync, gzipSync } from 'node:zlib';
import { frame } from './grpc-client.js';

/** Of one message, in and out. */
export const MAX_MESSAGE_BYTES = 8 * 1024 * 1024;

/** A request, byte by byte, and what its client does with it. */
export interface GeneratedCall {
  readonly headers: Readonly<Record<string, string | string[]>>;
  /** Sent one after the other. */
  readonly parts: readonly Buffer[];
  /** `end`: half-closes behind the body. `cancel`: gives the call up there. `wait`: leaves it open until it is answered. */
  readonly ending: 'end' | 'cancel' | 'wait';
  /** Whether the body ends inside a message. */
  readonly isCut: boolean;
  /** Whether the flag of a message is neither 0 nor 1, or 1 where no encoding is named. */
  readonly hasBadFlag: boolean;
}

/** Looked up once: in Jest's context every look at a global costs a call. */
const { floor, imul } = Math;

/** Numbers that look random and are the same for each seed. */
export class Dice {
  #state: number;

  constructor(seed: number) {
    this.#state = seed;
  }

  /** In [0, 1). */
  next(): number {
    this.#state = (this.#state + 0x6d2b79f5) | 0;
    let mixed = imul(this.#state ^ (this.#state >>> 15), 1 | this.#state);
    mixed = (mixed + imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  }

  below(limit: number): number {
    return floor(this.next() * limit);
  }

  chance(share: number): boolean {
    return this.next() < share;
  }

  pick<T>(choices: readonly [T, ...T[]]): T {
    return choices[this.below(choices.length)] ?? choices[0];
  }
}

/** Answered whatever comes; the others wait for the end of the call. */
const ANSWERING = ['Echo', 'Metadata', 'Adorn', 'Fail', 'Count', 'Break', 'Join', 'Shout', 'Early', 'Unknown'] as const;
const HANGING = ['Hang', 'HangStream'] as const;
const STREAMED = new Set<string>(['Join', 'Shout', 'HangStream']);

/** One call as any client could make it, or none that means well. */
export function generateCall(dice: Dice): GeneratedCall {
  return dice.chance(0.15) ? hangingCall(dice) : answeredCall(dice);
}

function answeredCall(dice: Dice): GeneratedCall {
  const method = dice.pick(ANSWERING);
  const encoding = dice.chance(0.3) ? dice.pick(['gzip', 'deflate', 'identity', 'br', 'gzip,deflate', '']) : undefined;
  const headers = { ...requestHeaders(dice, method), ...timeout(dice), ...(encoding !== undefined && { 'grpc-encoding': encoding }) };
  const count = messageCount(dice, STREAMED.has(method));
  const isPacked = dice.chance(encoding === undefined ? 0.03 : 0.6);
  const messages = Array.from({ length: count }, () => oneMessage(dice, encoding, isPacked));
  const isCut = count > 0 && dice.chance(0.05);
  const whole = Buffer.concat(messages);
  // At least the last byte of the last message is missing.
  const body = isCut ? whole.subarray(0, whole.length - 1 - dice.below(Math.min(5, whole.length - 1))) : whole;
  // A call with an encoding that nobody knows is refused on its headers.
  const maxFlag = encoding === undefined || encoding === 'identity' ? 0 : 1;
  const hasBadFlag = messages.some((message) => message.readUInt8(0) > maxFlag);
  return { headers, parts: cutUp(dice, body), ending: 'end', isCut, hasBadFlag };
}

/** Well-formed, and over when the client or the deadline says so. What nobody reads is small: it would hold up the connection, as HTTP/2 has it. */
function hangingCall(dice: Dice): GeneratedCall {
  const method = dice.pick(HANGING);
  const ending = dice.pick<GeneratedCall['ending']>(['cancel', 'wait']);
  const span = ending === 'wait' ? dice.pick(['1n', '99u', '1m', '20m', '00000003m']) : '1H';
  const headers = {
    ...requestHeaders(dice, method),
    ':method': 'POST',
    ':path': `/test.Test/${method}`,
    'content-type': 'application/grpc',
    'grpc-timeout': span,
  };
  const whole = frame(text(dice, STREAMED.has(method) ? 1000 : 200_000));
  const isCut = dice.chance(0.5);
  const body = isCut ? whole.subarray(0, dice.below(whole.length)) : whole;
  return { headers, parts: cutUp(dice, body), ending, isCut, hasBadFlag: false };
}

function messageCount(dice: Dice, isStreamed: boolean): number {
  if (isStreamed) return dice.below(6);
  return dice.chance(0.9) ? 1 : dice.pick([0, 2, 3]);
}

function oneMessage(dice: Dice, encoding: string | undefined, isPacked: boolean): Buffer {
  if (dice.chance(0.03)) return malformedMessage(dice);
  const plain = Buffer.from(text(dice, dice.pick([4096, 4096, 4096, 200_000])));
  if (!isPacked) return frame(dice.chance(0.01) ? text(dice, MAX_MESSAGE_BYTES + 2) : plain);
  if (dice.chance(0.1)) return frame('this is not compressed', true);
  const pack = encoding === 'deflate' ? deflateSync : gzipSync;
  return frame(dice.chance(0.03) ? pack(Buffer.alloc(MAX_MESSAGE_BYTES + dice.below(2))) : pack(plain), true);
}

function malformedMessage(dice: Dice): Buffer {
  if (dice.chance(0.3)) return frame('malformed');
  const bytes = frame('x');
  if (dice.chance(0.5)) bytes.writeUInt8(2 + dice.below(254), 0);
  else bytes.writeUInt32BE(MAX_MESSAGE_BYTES + 1 + dice.below(1000), 1);
  return bytes;
}

/** Sizes of every order below the limit: as many of 1 B as of 1 KiB. */
function text(dice: Dice, limit: number): string {
  const length = Math.floor(limit ** dice.next()) - 1;
  return dice.pick(['a', '7', '~']).repeat(length);
}

function cutUp(dice: Dice, body: Buffer): Buffer[] {
  const parts: Buffer[] = [];
  const longest = dice.pick([7, 1000, 1_000_000, Infinity]);
  let at = 0;
  // Not all of a large body in small pieces.
  for (let pieces = dice.below(20); pieces > 0 && at < body.length && longest !== Infinity; pieces -= 1) {
    const end = Math.min(body.length, at + 1 + dice.below(longest));
    parts.push(body.subarray(at, end));
    at = end;
  }
  parts.push(body.subarray(at));
  return parts.filter(({ length }) => length > 0);
}

function timeout(dice: Dice): Record<string, string | string[]> {
  if (dice.chance(0.7)) return {};
  const good = ['1H', '99999999H', '10000m', '00000090S'] as const;
  const bad = ['0n', '0H', '', '1', 'S', '1s', '-1S', '1.5S', '123456789m', '1S,2S', '1HH'] as const;
  if (dice.chance(0.1)) return { 'grpc-timeout': ['1H', '2H'] };
  return { 'grpc-timeout': dice.chance(0.6) ? dice.pick(good) : dice.pick(bad) };
}

function requestHeaders(dice: Dice, method: string): Record<string, string | string[]> {
  const types = [
    'application/grpc+proto',
    'application/grpc;charset=utf-8',
    'Application/gRPC',
    'application/grpc+json',
    'text/html',
    '',
  ] as const;
  return {
    ':method': dice.chance(0.02) ? dice.pick(['GET', 'PUT', 'OPTIONS']) : 'POST',
    ':path': dice.chance(0.02)
      ? dice.pick(['/', '/test.Test', '/test.Test/', '/test.Test/echo', '//', '/%C3%BC?x=1'])
      : `/test.Test/${method}`,
    'content-type': dice.chance(0.1) ? dice.pick(types) : 'application/grpc',
    ...(dice.chance(0.95) && { te: 'trailers' }),
    ...(dice.chance(0.5) && metadata(dice)),
  };
}

function metadata(dice: Dice): Record<string, string | string[]> {
  const fields: Record<string, string | string[]> = {};
  for (let left = dice.below(6); left > 0; left -= 1) {
    const name = dice.pick([
      'x-a',
      'x-b',
      'x-trace-bin',
      'user-agent',
      'authorization',
      'grpc-previous-rpc-attempts',
      'grpc-x',
      'x_y.z-1',
      'cookie',
    ]);
    const values = ['', 'v', 'inner  spaces', 'AAEC/w==', '!"#$%&', 'x'.repeat(1000)] as const;
    fields[name] = dice.chance(0.2) && name !== 'user-agent' && name !== 'authorization' ? ['one', dice.pick(values)] : dice.pick(values);
  }
  return fields;
}
