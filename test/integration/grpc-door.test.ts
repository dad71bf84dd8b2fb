import { gzipSync } from 'node:zlib';
import { describe, expect, it } from '@jest/globals';
import { ServingError } from '../../src/error/serving-error.js';
import { frame, RawClient } from '../support/grpc-client.js';
import { clientStream, serverStream, unary } from '../support/grpc-methods.js';
import { serviceOf, startServer, until } from '../support/grpc-server.js';

const size = unary('Size', async (text) => String(text.length));
const repeat = unary('Repeat', async (times) => 'x'.repeat(Number(times)));
const pour = serverStream('Pour', async (times, call) => {
  await call.send('small');
  await call.send('x'.repeat(Number(times)));
});
const total = clientStream('Total', async (texts) => {
  let sum = 0;
  for await (const text of texts) sum += text.length;
  return String(sum);
});

describe('at the door', () => {
  it('a call is refused on its headers, before any of the body has come', async () => {
    await using at = await startServer([serviceOf(size)]);
    await using client = await RawClient.connect(at.address);
    at.door.refusal = new ServingError('overloaded', 'full – try later', { retryAfterMs: 70 });
    const call = client.open('/test.Test/Size');
    const answer = await call.answer;
    expect(answer).toMatchObject({ status: 8, text: 'full – try later', messages: [], trailers: {}, rstCode: 0 });
    expect(answer.headers).toMatchObject({ ':status': 200, 'content-type': 'application/grpc+proto', 'grpc-retry-pushback-ms': '70' });
    expect(Buffer.from(String(answer.headers['grpc-status-details-bin']), 'base64').toString()).toBe('overloaded');
    expect([at.door.entered, at.door.left, at.observer.ended]).toEqual([0, 0, []]);
    expect(at.observer.refusals).toEqual([{ path: '/test.Test/Size', status: 8 }]);
  });

  it('a refused client that has begun to send is told to stop', async () => {
    await using at = await startServer([serviceOf(size)]);
    await using client = await RawClient.connect(at.address);
    at.door.refusal = new ServingError('overloaded', 'full', { retryAfterMs: 70 });
    const call = client.open('/test.Test/Size');
    call.stream.write(Buffer.alloc(8 * 1024 * 1024));
    expect(await call.answer).toMatchObject({ status: 8, text: 'full' });
    at.door.refusal = undefined;
    expect(await client.call('/test.Test/Size', 'abc')).toMatchObject({ status: 0 });
  });

  it('sees path, admission, deadline and peer', async () => {
    await using at = await startServer([serviceOf(unary('Open', async () => '', 'open'))]);
    await using client = await RawClient.connect(at.address);
    const call = client.open('/test.Test/Open');
    await until(() => at.door.inside.size === 1);
    expect([...at.door.inside][0]).toMatchObject({ path: '/test.Test/Open', admission: 'open', deadline: Infinity, peer: { local: true } });
    call.stream.end(frame(''));
    expect(await call.answer).toMatchObject({ status: 0 });
  });

  it('an unknown method is UNIMPLEMENTED, in few words, and the observer is spared the name', async () => {
    await using at = await startServer([serviceOf(size)]);
    await using client = await RawClient.connect(at.address);
    const { status, text } = await client.call(`/test.Test/${'Nope'.repeat(1000)}`, '');
    expect(status).toBe(12);
    expect(text).toMatch(/^unknown method '\/test\.Test\/Nope.{1,100}$/);
    expect(at.observer.refusals).toEqual([{ path: 'unknown', status: 12 }]);
  });

  it('an unknown compression is UNIMPLEMENTED', async () => {
    await using at = await startServer([serviceOf(size)]);
    await using client = await RawClient.connect(at.address);
    const answer = await client.call('/test.Test/Size', 'abc', { 'grpc-encoding': 'snappy' });
    expect(answer).toMatchObject({ status: 12, text: "unknown grpc-encoding 'snappy'" });
  });

  it('what is no gRPC call gets an HTTP status', async () => {
    await using at = await startServer([serviceOf(size)]);
    await using client = await RawClient.connect(at.address);
    const answers = [
      await client.call('/test.Test/Size', '', { 'content-type': 'application/json' }),
      await client.call('/test.Test/Size', '', { 'content-type': 'application/grpc-web' }),
      await client.call('/test.Test/Size', '', { ':method': 'PUT' }),
    ];
    expect(answers.map(({ headers }) => headers[':status'])).toEqual([415, 415, 405]);
    expect(await client.call('/test.Test/Size', 'abc', { 'content-type': 'application/grpc+proto' })).toMatchObject({ status: 0 });
  });

  it('two services cannot serve one path', async () => {
    await expect(startServer([serviceOf(size), serviceOf(size)])).rejects.toThrow('two services serve /test.Test/Size');
  });
});

describe('message limits', () => {
  const limit = { maxMessageBytes: 1000 };

  it('refuse a request over the limit without a retry hint, and admit one at the limit', async () => {
    await using at = await startServer([serviceOf(size)], limit);
    await using client = await RawClient.connect(at.address);
    expect(await client.call('/test.Test/Size', 'x'.repeat(1000))).toMatchObject({ status: 0 });
    const answer = await client.call('/test.Test/Size', 'x'.repeat(1001));
    expect(answer).toMatchObject({ status: 8, text: 'Received message larger than max (1001 vs 1000)' });
    expect(answer.headers['grpc-retry-pushback-ms']).toBeUndefined();
    await until(() => at.door.left === 2);
    expect(at.observer.ended).toEqual([0, 8]);
  });

  it('count after decompression', async () => {
    await using at = await startServer([serviceOf(size, total)], limit);
    await using client = await RawClient.connect(at.address);
    const send = (path: string, ...messages: Buffer[]) => {
      const call = client.open(path, { 'grpc-encoding': 'gzip' });
      call.stream.end(Buffer.concat(messages));
      return call.answer;
    };
    const fits = frame(gzipSync('y'.repeat(900)), true);
    const bomb = frame(gzipSync(Buffer.alloc(500_000)), true);
    expect(bomb.length).toBeLessThan(1000);
    expect((await send('/test.Test/Size', fits)).messages.map(String)).toEqual(['900']);
    expect((await send('/test.Test/Total', fits, frame('plain'), fits)).messages.map(String)).toEqual(['1805']);
    const refusal = { status: 8, text: 'Received message that decompresses to a size larger than 1000' };
    expect(await send('/test.Test/Size', bomb)).toMatchObject(refusal);
    expect(await send('/test.Test/Total', fits, bomb)).toMatchObject(refusal);
    expect(await send('/test.Test/Size', frame('not gzip', true))).toMatchObject({ status: 13, text: 'Failed to decompress message' });
    await until(() => at.door.left === 5);
  });

  it('hold for answers, too', async () => {
    await using at = await startServer([serviceOf(repeat, pour)], limit);
    await using client = await RawClient.connect(at.address);
    expect(await client.call('/test.Test/Repeat', '1000')).toMatchObject({ status: 0 });
    const text = 'response message of 1001 bytes is over the limit of 1000 bytes';
    expect(await client.call('/test.Test/Repeat', '1001')).toMatchObject({ status: 8, text });
    const streamed = await client.call('/test.Test/Pour', '1001');
    expect([streamed.status, streamed.text, streamed.messages.map(String)]).toEqual([8, text, ['small']]);
  });
});
