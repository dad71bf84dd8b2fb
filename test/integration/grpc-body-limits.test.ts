import { describe, expect, it } from '@jest/globals';
import { frame, RawClient } from '../support/grpc-client.js';
import { bidi, unary } from '../support/grpc-methods.js';
import { serviceOf, startServer, until } from '../support/grpc-server.js';

const echo = unary('Echo', async (text) => text);
const shout = bidi('Shout', async (texts, call) => {
  for await (const text of texts) await call.send(text.toUpperCase());
});

describe('a request that does not arrive completely', () => {
  it.each([
    ['has headers alone', Buffer.alloc(0)],
    ['has half a message', frame('half a message').subarray(0, 9)],
    ['is not half-closed', frame('whole')],
  ])('is ended with DEADLINE_EXCEEDED where it %s, and gives its place up', async (_what, bytes) => {
    await using at = await startServer([serviceOf(echo)], { bodyTimeoutMs: 200 });
    await using client = await RawClient.connect(at.address);
    const call = client.open('/test.Test/Echo');
    if (bytes.length > 0) call.stream.write(bytes);
    const { status, text } = await call.answer;
    expect([status, text]).toEqual([4, 'the request did not arrive completely within 0.2 s']);
    await until(() => at.door.left === 1);
  });
});

describe('on the native transport', () => {
  it('a message of a stream that does not arrive completely ends the stream, and one that says nothing lives on', async () => {
    await using at = await startServer([serviceOf(shout)], { transport: 'native', bodyTimeoutMs: 200 });
    await using client = await RawClient.connect(at.address);
    const silent = client.open('/test.Test/Shout');
    silent.stream.once('error', () => undefined);
    const stuck = client.open('/test.Test/Shout');
    stuck.send('first');
    stuck.stream.write(frame('second').subarray(0, 7));
    const { status, text, messages } = await stuck.answer;
    expect([status, text]).toEqual([4, 'a request message did not arrive completely within 0.2 s']);
    expect(messages.map(String)).toEqual(['FIRST']);
    silent.stream.end(frame('still here'));
    expect((await silent.answer).messages.map(String)).toEqual(['STILL HERE']);
  });

  it('messages in part hold no more than the budget says: one over it is told to come again, and so is the greediest where others want some', async () => {
    await using at = await startServer([serviceOf(echo)], { transport: 'native', assemblyBudgetBytes: 2.5 * 1024 * 1024 });
    await using client = await RawClient.connect(at.address);
    await using neighbour = await RawClient.connect(at.address);
    const whole = frame(Buffer.alloc(900_000));
    const hold = async () => {
      const held = client.open('/test.Test/Echo');
      held.stream.write(whole.subarray(0, 600_000));
      await new Promise((resolve) => client.session.ping(resolve));
      return held;
    };
    const [oldest, held, refused] = [await hold(), await hold(), await hold()];
    const { status, text, trailers, headers } = await refused.answer;
    expect([status, text]).toEqual([8, 'too many bytes of incomplete requests are held']);
    expect({ ...headers, ...trailers }).toMatchObject({ 'grpc-retry-pushback-ms': '1000' });
    expect((await neighbour.call('/test.Test/Echo', Buffer.alloc(900_000))).status).toBe(0);
    expect(await oldest.answer).toMatchObject({ status: 8, text: 'too many bytes of incomplete requests are held' });
    held.stream.end(whole.subarray(600_000));
    expect((await held.answer).status).toBe(0);
    expect((await client.call('/test.Test/Echo', Buffer.alloc(900_000))).status).toBe(0);
  });

  it('an answer that nobody reads is given up, and its place with it', async () => {
    const long = unary('Long', async () => 'x'.repeat(1_000_000));
    await using at = await startServer([serviceOf(long)], { transport: 'native', answerTimeoutMs: 200 });
    await using client = await RawClient.connect(at.address);
    const call = client.open('/test.Test/Long');
    call.stream.end(frame('please'));
    call.stream.pause();
    await until(() => at.door.left === 1);
    call.stream.resume();
    expect(await call.answer).toMatchObject({ status: undefined, rstCode: 8 });
  });
});
