import { createHash } from 'node:crypto';
import { constants, type IncomingHttpHeaders } from 'node:http2';
import { describe, expect, it } from '@jest/globals';
import { ServingError } from '../../src/error/serving-error.js';
import type { TransportName } from '../../src/grpc/create-server.js';
import { Dice, type GeneratedCall, generateCall, MAX_MESSAGE_BYTES } from '../support/generated-calls.js';
import { type GrpcAnswer, RawCall, RawClient } from '../support/grpc-client.js';
import { bidi, clientStream, serverStream, unary, untilCancelled } from '../support/grpc-methods.js';
import { serviceOf, startServer, type TestServer, until } from '../support/grpc-server.js';

/** By hand: MILLRACE_DIFF_CALLS=20000, and MILLRACE_DIFF_SEED for others. */
const CALLS = Number(process.env['MILLRACE_DIFF_CALLS'] ?? '400');
const SEED = Number(process.env['MILLRACE_DIFF_SEED'] ?? '1');
const AT_A_TIME = 16;
const MAX_SHOWN = 300;
const PATIENCE_MS = 10_000;
/** No code of HTTP/2's. */
const NEVER_ANSWERED = 99;

const SERVICE = serviceOf(
  unary('Echo', async (text) => text),
  unary('Metadata', async (_text, { metadata, path, deadline }) =>
    JSON.stringify([path, deadline === Infinity, metadata.get('x-a'), metadata.get('x-trace-bin'), ...metadata.entries()]),
  ),
  // What the client's metadata says, before the message, beside the status, or beside an error.
  serverStream('Adorn', async (text, call) => {
    const bytes = call.metadata.getBinary('x-trace-bin');
    for (const [name, value] of call.metadata.entries()) if (name.startsWith('x-a')) call.addHeader(name, value);
    if (bytes !== undefined) call.addTrailer('x-trace-bin', bytes);
    call.addTrailer('x-length', `${text.length}`);
    if (text.length % 3 > 0) await call.send(text.slice(0, 20));
    if (text.length % 3 > 1) throw new ServingError('unsupported', 'adorned');
  }),
  unary('Fail', async (text) => {
    const codes = ['invalid_request', 'overloaded', 'unsupported', 'internal'] as const;
    const code = codes[text.length % codes.length] ?? 'internal';
    if (code === 'overloaded') throw new ServingError(code, `no more – 100 %\n\u{1f600}\ud800`, { retryAfterMs: 12.5 });
    throw new ServingError(code, `"${text.slice(0, 20)}" is no good`);
  }),
  serverStream('Count', async (text, call) => {
    for (let at = 0; at <= text.length % 40; at += 1) await call.send(`${at}`);
  }),
  serverStream('Break', async (text, call) => {
    await call.send(text);
    throw new ServingError('overloaded', 'broken off', { retryAfterMs: 0 });
  }),
  clientStream('Join', async (texts) => {
    let length = 0;
    for await (const text of texts) length += text.length;
    return `${length}`;
  }),
  bidi('Shout', async (texts, call) => {
    for await (const text of texts) await call.send(text.toUpperCase());
  }),
  bidi('Early', async (_texts, call) => {
    await call.send('enough');
  }),
  unary('Hang', (_text, call) => untilCancelled(call)),
  bidi('HangStream', (_texts, call) => untilCancelled(call)),
);

interface Outcome {
  /** NaN where there is no answer. */
  readonly http: number;
  readonly contentType: string | undefined;
  readonly status: number | undefined;
  readonly text: string | undefined;
  readonly headers: readonly (readonly [name: string, value: string])[];
  readonly trailers: readonly (readonly [name: string, value: string])[];
  readonly messages: readonly string[];
  /** Where there is no status. */
  readonly rstCode: number | undefined;
}

/** What is compared elsewhere, or is each transport's own. The text is compared decoded: grpc-js encodes more of it than the specification asks for. */
const OTHERS = new Set([':status', 'content-type', 'date', 'grpc-encoding', 'grpc-accept-encoding', 'grpc-message']);

function outcomeOf({ status, text, messages, headers, trailers, rstCode }: GrpcAnswer): Outcome {
  const isGrpc = status !== undefined;
  return {
    http: Number(headers[':status']),
    contentType: isGrpc ? headers['content-type'] : undefined,
    status,
    // grpc-js says "OK" with each of them.
    text: status === 0 ? undefined : text,
    headers: isGrpc ? entries(headers) : [],
    trailers: isGrpc ? entries(trailers) : [],
    // The body of an answer that is no gRPC is each transport's own.
    messages: isGrpc ? messages.map(digest) : [],
    rstCode: headers[':status'] === undefined ? rstCode : undefined,
  };
}

function entries(headers: IncomingHttpHeaders): [string, string][] {
  const pairs = Object.entries(headers).filter(([name]) => !OTHERS.has(name));
  return pairs.map(([name, value]): [string, string] => [name, name.endsWith('-bin') ? bare(value) : String(value)]).sort();
}

/** Base64 without padding, which each transport does as it likes. */
function bare(value: string | string[] | undefined): string {
  return String(value).replace(/=+$/, '');
}

function digest(message: Buffer): string {
  return message.length < 200 ? message.toString() : `${message.length} bytes, ${createHash('sha256').update(message).digest('hex')}`;
}

/**
 * Where grpc-js does other than the specification says, or leaves open what it does. Of these the kind of the answer is compared, and that the call is over.
 */
function allowedDifference({ isCut, hasBadFlag, ending }: GeneratedCall): string | undefined {
  // Compression where no encoding is named "MUST fail with INTERNAL status": gRPC's compression.md. grpc-js takes such a message as it is, and any other flag.
  if (hasBadFlag) return 'a flag that says nothing';
  // grpc-js forgets half a message at the end of a body, as if it had not been sent: we say INTERNAL, as grpc-go and C core do.
  if (isCut && ending === 'end') return 'a body that ends inside a message';
  return undefined;
}

/**
 * Of each part in which they differ, ours and theirs. grpc-js reads ahead of the handler and ends a stream as soon as it comes upon a message that cannot be
 * read: the answers to those before may be missing. We answer them first.
 */
function differenceOf(ours: Outcome, theirs: Outcome): Record<string, readonly [ours: string, theirs: string]> {
  const keys = Object.keys(ours) as (keyof Outcome)[];
  const pairs = keys.map((key) => [key, [String(ours[key]).slice(0, MAX_SHOWN), String(theirs[key]).slice(0, MAX_SHOWN)]] as const);
  return Object.fromEntries(
    pairs.filter(([key]) => String(ours[key]) !== String(theirs[key]) && !(key === 'messages' && isCutShort(ours, theirs))),
  );
}

/** Of a call with several faults grpc-js, which reads ahead of the handler, tells first of a message that cannot be read; we of what comes first. */
function isAnotherFault(ours: Outcome, theirs: Outcome): boolean {
  return ours.status !== undefined && ours.status > 0 && /^(Received message|Failed to decompress)/.test(theirs.text ?? '');
}

function isCutShort(ours: Outcome, theirs: Outcome): boolean {
  return theirs.status !== 0 && theirs.messages.every((message, at) => message === ours.messages[at]);
}

/** So many calls share a connection: behind grpc-js, nghttp2 ends one that brought too many resets. */
const CALLS_PER_CONNECTION = 250;

class Side implements AsyncDisposable {
  readonly server: TestServer;
  readonly #clients = new Map<number, Promise<RawClient>>();

  static async start(transport: TransportName): Promise<Side> {
    return new Side(await startServer([SERVICE], { transport, maxMessageBytes: MAX_MESSAGE_BYTES }));
  }

  private constructor(server: TestServer) {
    this.server = server;
  }

  async call({ headers, parts, ending }: GeneratedCall, index: number): Promise<Outcome> {
    const client = await this.#client(Math.floor(index / CALLS_PER_CONNECTION));
    const call = new RawCall(client.session, '', headers, false);
    for (const part of parts) call.stream.write(part);
    if (ending === 'end') call.stream.end();
    else if (ending === 'cancel') {
      // Once everything is out: node's client does not come back from a close with much to be sent.
      await new Promise((resolve) => call.stream.write(Buffer.alloc(0), resolve));
      call.stream.close(constants.NGHTTP2_CANCEL);
    }
    // A call that is never answered is one that differs, rather than a test that hangs.
    const giveUp = setTimeout(() => call.stream.close(NEVER_ANSWERED), PATIENCE_MS);
    const answer = await call.answer;
    clearTimeout(giveUp);
    return outcomeOf(answer);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const client of this.#clients.values()) await (await client)[Symbol.asyncDispose]();
    await this.server[Symbol.asyncDispose]();
  }

  #client(number: number): Promise<RawClient> {
    const client = this.#clients.get(number) ?? RawClient.connect(this.server.address);
    this.#clients.set(number, client);
    return client;
  }
}

describe('native and grpc-js', () => {
  it(`answer ${CALLS} generated calls alike`, async () => {
    await using native = await Side.start('native');
    await using reference = await Side.start('grpc-js');
    const dice = new Dice(SEED);
    const seen = new Map<string, number>();
    const differing: unknown[] = [];
    let compared = 0;

    const compare = async (index: number): Promise<void> => {
      const call = generateCall(dice);
      const [ours, theirs] = await Promise.all([native.call(call, index), reference.call(call, index)]);
      const kind = `${ours.http} ${ours.status ?? '-'}`;
      seen.set(kind, (seen.get(kind) ?? 0) + 1);
      if (allowedDifference(call) !== undefined) return;
      compared += 1;
      const difference = isAnotherFault(ours, theirs) ? {} : differenceOf(ours, theirs);
      if (Object.keys(difference).length > 0)
        differing.push([index, JSON.stringify(call.headers), call.parts.map(({ length }) => length).join(), call.ending, difference]);
    };
    let next = 0;
    const runner = async (): Promise<void> => {
      while (next < CALLS) await compare(next++);
    };
    await Promise.all(Array.from({ length: AT_A_TIME }, runner));

    expect({ seed: SEED, differing: differing.slice(0, 5), count: differing.length }).toEqual({ seed: SEED, differing: [], count: 0 });
    // The calls are of many kinds, and few of them are let off.
    expect(compared).toBeGreaterThan(0.85 * CALLS);
    const kinds = ['200 0', '200 3', '200 4', '200 8', '200 12', '200 13', '415 -', '405 -', 'NaN -'];
    expect(kinds.filter((kind) => !seen.has(kind))).toEqual([]);
    for (const { server } of [native, reference]) {
      await until(() => server.door.inside.size === 0);
      expect([server.door.left, server.observer.ended.length]).toEqual([server.door.entered, server.door.entered]);
    }
    expect(native.server.door.entered).toBe(reference.server.door.entered);
  }, 3_600_000);
});
