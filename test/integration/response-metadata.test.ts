import { ChannelCredentials, Client, Metadata, type ServiceError, type StatusObject } from '@grpc/grpc-js';
import { describe, expect, it } from '@jest/globals';
import { ServingError } from '../../src/error/serving-error.js';
import type { Call } from '../../src/grpc/call.js';
import { RawClient } from '../support/grpc-client.js';
import { bidi, clientStream, serverStream, unary } from '../support/grpc-methods.js';
import { serviceOf, startServer, type TestServer } from '../support/grpc-server.js';

const BYTES = Buffer.from([0xfb, 0xff, 0, 1]);

/** Gives back what came: text before the first message, bytes beside the status. */
function adorn(call: Call): void {
  const text = call.metadata.get('x-text');
  const bytes = call.metadata.getBinary('x-bytes-bin');
  if (text !== undefined) call.addHeader('x-text', text);
  if (bytes !== undefined) call.addTrailer('x-bytes-bin', bytes);
}

const SERVICE = serviceOf(
  unary('Unary', async (text, call) => {
    adorn(call);
    return text;
  }),
  serverStream('Stream', async (text, call) => {
    adorn(call);
    await call.send(text);
    await call.send(text);
  }),
  clientStream('Collect', async (texts, call) => {
    adorn(call);
    let all = '';
    for await (const text of texts) all += text;
    return all;
  }),
  bidi('Bidi', async (texts, call) => {
    adorn(call);
    for await (const text of texts) await call.send(text);
  }),
  bidi('Silent', async (_texts, call) => adorn(call)),
  unary('Fail', async (_text, call) => {
    adorn(call);
    throw new ServingError('invalid_request', 'wrong');
  }),
  serverStream('Late', async (text, call) => {
    await call.send(text);
    call.addHeader('x-text', 'late');
  }),
  unary('Reserved', async (text, call) => {
    call.addTrailer('grpc-status', '0');
    return text;
  }),
);

const same = (bytes: Buffer): Buffer => bytes;

/** A call of grpc-js's client, every kind as a bidirectional one. */
async function callThrough(client: Client, name: string) {
  const metadata = new Metadata();
  metadata.add('x-text', 'some text');
  metadata.add('x-bytes-bin', BYTES);
  const call = client.makeBidiStreamRequest(`/test.Test/${name}`, same, same, metadata, { deadline: Date.now() + 10_000 });
  const messages: string[] = [];
  let headers = new Metadata();
  call.on('metadata', (received: Metadata) => {
    headers = received;
  });
  call.on('data', (message: Buffer) => messages.push(message.toString()));
  call.on('error', (_error: ServiceError) => undefined);
  call.end(Buffer.from('hi'));
  const status = await new Promise<StatusObject>((resolve) => call.once('status', resolve));
  return { messages, code: status.code, text: headers.get('x-text'), bytes: status.metadata.get('x-bytes-bin') };
}

function connect({ address }: TestServer): Client & Disposable {
  const client = new Client(address, ChannelCredentials.createInsecure());
  return Object.assign(client, { [Symbol.dispose]: () => client.close() });
}

describe.each(['native', 'grpc-js'] as const)('metadata that a handler adds, over %s', (transport) => {
  it.each([
    ['Unary', ['hi'], 0],
    ['Stream', ['hi', 'hi'], 0],
    ['Collect', ['hi'], 0],
    ['Bidi', ['hi'], 0],
    ['Fail', [], 3],
    ['Silent', [], 0],
  ] as const)('reaches the client of %s', async (name, messages, code) => {
    await using server = await startServer([SERVICE], { transport });
    using client = connect(server);
    expect(await callThrough(client, name)).toEqual({ messages, code, text: ['some text'], bytes: [BYTES] });
  });

  it('is of its call alone', async () => {
    await using server = await startServer([SERVICE], { transport });
    await using client = await RawClient.connect(server.address);
    await client.call('/test.Test/Unary', 'a', { 'x-text': 'mine', 'x-bytes-bin': 'AAEC' });
    const { headers, trailers, status } = await client.call('/test.Test/Unary', 'a');
    expect([status, headers['x-text'], trailers['x-bytes-bin']]).toEqual([0, undefined, undefined]);
  });

  it('is an error of the client where its bytes are not base64, and of the handler where it may not stand', async () => {
    await using server = await startServer([SERVICE], { transport });
    await using client = await RawClient.connect(server.address);
    const malformed = await client.call('/test.Test/Unary', 'a', { 'x-bytes-bin': 'a?' });
    expect([malformed.status, malformed.text]).toEqual([3, "malformed metadata 'x-bytes-bin': expected base64, got 'a?'"]);
    expect((await client.call('/test.Test/Late', 'a')).status).toBe(13);
    expect((await client.call('/test.Test/Reserved', 'a')).status).toBe(13);
    expect(server.internalErrors.map(String)).toEqual([
      "Error: header 'x-text' is added behind the first message",
      "Error: metadata 'grpc-status' is reserved",
    ]);
  });
});

describe('the native transport', () => {
  it('sends bytes without padding', async () => {
    await using server = await startServer([SERVICE], { transport: 'native' });
    await using client = await RawClient.connect(server.address);
    const { trailers } = await client.call('/test.Test/Unary', 'a', { 'x-bytes-bin': '+/8AAQ==' });
    expect(trailers['x-bytes-bin']).toBe('+/8AAQ');
  });
});
