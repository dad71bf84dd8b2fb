import { randomBytes } from 'node:crypto';
import { constants } from 'node:http2';
import { gunzipSync, inflateSync } from 'node:zlib';
import { ChannelCredentials, Client, Metadata, type StatusObject } from '@grpc/grpc-js';
import { describe, expect, it } from '@jest/globals';
import type { Method } from '../../src/grpc/call.js';
import { frame, type GrpcAnswer, RawClient } from '../support/grpc-client.js';
import { bidi, serverStream, unary } from '../support/grpc-methods.js';
import { serviceOf, startServer, type TestServer, textCodec, until } from '../support/grpc-server.js';
import { findMethod } from '../support/protos.js';
import { RunningApp } from '../support/running-app.js';

const same = (bytes: Buffer): Buffer => bytes;

/** What can be compressed, so many characters of it. */
function text(length: number): string {
  return 'so much of it, '.repeat(Math.ceil(length / 15)).slice(0, length);
}

/** Larger than the window of a client that does not read, when it is compressed, too. */
const HUGE = `${text(1_000_000)}${randomBytes(600_000).toString('base64')}`;
const MIXED = [text(20_000), '', 'small', text(300_000), 'a', text(1024), text(1023), text(2000)];

/** What cannot. */
const noise: Method<string, Buffer> = {
  path: '/test.Test/Noise',
  kind: 'unary',
  admission: 'inference',
  request: textCodec,
  response: { encode: same },
  handle: async () => randomBytes(8000),
};

interface Sending {
  begun: number;
  readonly failures: unknown[];
}

function serviceWith(sending: Sending) {
  return serviceOf(
    unary('Text', async (length) => text(Number(length))),
    noise,
    serverStream('Mixed', async (_text, call) => {
      for (const message of MIXED) await call.send(message);
    }),
    // Nobody waits for what is sent.
    serverStream('Rush', async (_text, call) => void MIXED.map((message) => call.send(message))),
    bidi('Echo', async (texts, call) => {
      for await (const each of texts) await call.send(each);
    }),
    serverStream('Huge', async (_text, call) => {
      sending.begun += 1;
      try {
        for (;;) await call.send(HUGE);
      } catch (error) {
        sending.failures.push(error);
        throw error;
      }
    }),
  );
}

async function start(responseCompression: 'none' | 'low' | 'medium' | 'high' = 'low') {
  const sending: Sending = { begun: 0, failures: [] };
  const server = await startServer([serviceWith(sending)], { transport: 'native', responseCompression });
  return Object.assign(server, { sending });
}

interface RawMessage {
  readonly flag: number | undefined;
  readonly bytes: Buffer;
}

type FlaggedAnswer = GrpcAnswer & { readonly flagged: readonly RawMessage[] };

/** A call spoken by hand, with the flag of each message. */
async function rawCall({ address }: TestServer, name: string, request: string, headers: Record<string, string>): Promise<FlaggedAnswer> {
  await using client = await RawClient.connect(address);
  const call = client.open(`/test.Test/${name}`, headers);
  const chunks: Buffer[] = [];
  call.stream.on('data', (chunk: Buffer) => chunks.push(chunk));
  call.stream.end(frame(request));
  const answer = await call.answer;
  const body = Buffer.concat(chunks);
  const flagged: RawMessage[] = [];
  for (let at = 0; at < body.length; at += 5 + body.readUInt32BE(at + 1)) {
    flagged.push({ flag: body[at], bytes: body.subarray(at + 5, at + 5 + body.readUInt32BE(at + 1)) });
  }
  return { ...answer, flagged };
}

/** A call of grpc-js's client, which takes gzip and deflate. */
async function callThrough({ address }: TestServer, name: string, requests: readonly string[]) {
  const client = new Client(address, ChannelCredentials.createInsecure(), { 'grpc.max_receive_message_length': -1 });
  const call = client.makeBidiStreamRequest(`/test.Test/${name}`, same, same, new Metadata(), { deadline: Date.now() + 15_000 });
  const messages: string[] = [];
  call.on('data', (message: Buffer) => messages.push(message.toString()));
  call.on('error', () => undefined);
  for (const request of requests) call.write(Buffer.from(request));
  call.end();
  const status = await new Promise<StatusObject>((resolve) => call.once('status', resolve));
  client.close();
  return { code: status.code, messages };
}

describe('compressed answers', () => {
  it.each([
    ['identity,deflate,gzip', 'gzip', gunzipSync],
    ['deflate', 'deflate', inflateSync],
  ] as const)('are in what a client accepts of %s', async (accepted, encoding, unpack) => {
    await using server = await start();
    const answer = await rawCall(server, 'Text', '50000', { 'grpc-accept-encoding': accepted });
    const [message] = answer.flagged;
    expect([answer.status, answer.headers['grpc-encoding'], message?.flag]).toEqual([0, encoding, 1]);
    expect(message?.bytes.length).toBeLessThan(5000);
    expect(unpack(message?.bytes ?? '').toString()).toBe(text(50_000));
  });

  it.each([undefined, 'identity', 'br,snappy'])('are none for a client that accepts %s', async (accepted) => {
    await using server = await start();
    const answer = await rawCall(server, 'Text', '50000', accepted === undefined ? {} : { 'grpc-accept-encoding': accepted });
    expect([answer.status, answer.headers['grpc-encoding'], answer.flagged.map(({ flag }) => flag)]).toEqual([0, undefined, [0]]);
    expect(answer.messages[0]?.toString()).toBe(text(50_000));
  });

  it('are none where nobody has asked for them', async () => {
    await using server = await start('none');
    const answer = await rawCall(server, 'Text', '50000', { 'grpc-accept-encoding': 'gzip' });
    expect([answer.headers['grpc-encoding'], answer.flagged.map(({ flag }) => flag)]).toEqual([undefined, [0]]);
  });

  it.each([
    ['Text', '1023'],
    ['Noise', ''],
  ])('are sent as they are where there is nothing to win: %s %s', async (name, request) => {
    await using server = await start('high');
    const { status, flagged } = await rawCall(server, name, request, { 'grpc-accept-encoding': 'gzip' });
    expect([status, flagged.map(({ flag }) => flag)]).toEqual([0, [0]]);
  });

  it.each(['Mixed', 'Rush'])('keep their order, whatever their sizes: %s', async (name) => {
    await using server = await start();
    const { flagged } = await rawCall(server, name, '', { 'grpc-accept-encoding': 'gzip' });
    expect(flagged.map(({ flag }) => flag)).toEqual([1, 0, 0, 1, 0, 1, 0, 1]);
    expect(flagged.map(({ flag, bytes }) => (flag === 1 ? gunzipSync(bytes) : bytes).toString())).toEqual(MIXED);
  });

  it.each(['low', 'medium', 'high'] as const)("are read by grpc-js's client: %s", async (level) => {
    await using server = await start(level);
    expect(await callThrough(server, 'Text', ['70000'])).toEqual({ code: 0, messages: [text(70_000)] });
    expect(await callThrough(server, 'Mixed', [''])).toEqual({ code: 0, messages: MIXED });
    expect(await callThrough(server, 'Echo', MIXED)).toEqual({ code: 0, messages: MIXED });
    expect(server.observer.ended).toEqual([0, 0, 0]);
  });

  it('of many calls at once do not get mixed up', async () => {
    await using server = await start();
    const lengths = Array.from({ length: 40 }, (_, index) => 500 * index + 1);
    const answers = await Promise.all(lengths.map((length) => callThrough(server, 'Text', [String(length)])));
    expect(answers.map(({ messages: [message] }) => message?.length)).toEqual(lengths);
  });

  it('are given up when their client goes, and wait for one that does not read', async () => {
    await using server = await start('high');
    await using client = await RawClient.connect(server.address);
    // Every turn is taken, and more wait for theirs.
    const calls = Array.from({ length: 6 }, () => client.open('/test.Test/Huge', { 'grpc-accept-encoding': 'gzip' }));
    for (const { stream } of calls) {
      stream.end(frame(''));
      stream.pause();
    }
    await until(() => server.sending.begun === 6);
    for (const { stream } of calls) stream.close(constants.NGHTTP2_CANCEL);
    await until(() => server.door.inside.size === 0 && server.sending.failures.length === 6);
    expect(server.observer.ended).toEqual([1, 1, 1, 1, 1, 1]);
    expect(server.sending.failures).toEqual(Array(6).fill(expect.objectContaining({ code: 'cancelled' })));
    expect((await client.call('/test.Test/Text', '3000', { 'grpc-accept-encoding': 'gzip' })).status).toBe(0);
  });

  it('that are being made are waited for by a drain', async () => {
    await using server = await start('high');
    await using client = await RawClient.connect(server.address);
    const answer = client.call('/test.Test/Text', '5000000', { 'grpc-accept-encoding': 'gzip' });
    await until(() => server.observer.ended.length === 1);
    await server.server.drain(new AbortController().signal);
    const { status, messages } = await answer;
    expect([status, gunzipSync(messages[0] ?? '').length]).toEqual([0, 5_000_000]);
  });

  it('are what --response-compression asks for', async () => {
    await using app = await RunningApp.examples(['identity'], { transport: 'native', responseCompression: 'medium' });
    await using client = await RawClient.connect(app.address);
    const { path, requestSerialize } = findMethod('inference.GRPCInferenceService/ModelInfer');
    const input = { name: 'INPUT0', datatype: 'FP32', shape: [1, 4000] };
    const request = requestSerialize({ model_name: 'identity', inputs: [input], raw_input_contents: [Buffer.alloc(16_000)] });
    const { status, headers, messages } = await client.call(path, request, { 'grpc-accept-encoding': 'gzip' });
    expect([status, headers['grpc-encoding']]).toEqual([0, 'gzip']);
    expect(gunzipSync(messages[0] ?? '').length).toBeGreaterThan(16_000);
  });
});
