import { describe, expect, it } from '@jest/globals';
import type { ServingError } from '../../src/error/serving-error.js';
import { RawClient } from '../support/grpc-client.js';
import { clientStream, serverStream, unary, untilCancelled } from '../support/grpc-methods.js';
import { serviceOf, startServer, until } from '../support/grpc-server.js';
import { ManualClock } from '../support/manual-clock.js';

const left = unary('Left', async (_request, call) => String(call.deadline - call.startedAt));

describe('a deadline', () => {
  it.each([
    ['2592000S', 2_592_000_000],
    ['99999999H', 359_999_996_400_000],
    ['1500m', 1500],
  ])('of %s is kept whole', async (timeout, span) => {
    await using at = await startServer([serviceOf(left)]);
    await using client = await RawClient.connect(at.address);
    const { status, messages } = await client.call('/test.Test/Left', '', { 'grpc-timeout': timeout });
    expect(status).toBe(0);
    expect(Math.abs(Number(messages[0]) - span)).toBeLessThan(0.1);
  });

  it('that is absent is none', async () => {
    await using at = await startServer([serviceOf(left)]);
    await using client = await RawClient.connect(at.address);
    expect((await client.call('/test.Test/Left', '')).messages.map(String)).toEqual(['Infinity']);
  });

  it('that is malformed is INVALID_ARGUMENT, naming it, at the door', async () => {
    await using at = await startServer([serviceOf(left)]);
    await using client = await RawClient.connect(at.address);
    const { status, text } = await client.call('/test.Test/Left', '', { 'grpc-timeout': '10 S' });
    expect([status, text]).toEqual([3, "malformed grpc-timeout: expected 1 to 8 digits and one of H, M, S, m, u, n, got '10 S'"]);
    expect([at.door.entered, at.observer.refusals]).toEqual([0, [{ path: '/test.Test/Left', status: 3 }]]);
  });

  it('of zero has passed already', async () => {
    await using at = await startServer([serviceOf(left)]);
    await using client = await RawClient.connect(at.address);
    expect(await client.call('/test.Test/Left', '', { 'grpc-timeout': '0m' })).toMatchObject({ status: 4 });
    expect(at.door.entered).toBe(0);
  });

  it('is answered within 20 ms, whether or not the handler ever returns, and reaches the handler', async () => {
    const clock = new ManualClock();
    let reason: ServingError | undefined;
    const deaf = unary('Deaf', (_request, call) => {
      call.signal.subscribe({ onCancel: (given) => (reason = given) });
      return new Promise(() => undefined);
    });
    await using at = await startServer([serviceOf(deaf)], {}, clock);
    await using client = await RawClient.connect(at.address);
    const answer = client.call('/test.Test/Deaf', '', { 'grpc-timeout': '80m' });
    await until(() => at.door.entered === 1 && at.wheel.size === 1);
    clock.advance(79);
    expect(reason).toBeUndefined();
    clock.advance(6);
    expect(reason?.code).toBe('deadline_exceeded');
    expect(await answer).toMatchObject({ status: 4, text: 'deadline exceeded' });
    await until(() => at.door.left === 1);
    expect([at.wheel.size, at.observer.ended]).toEqual([0, [4]]);
  });

  it('passes for a call whose body is still on its way, and for a stream under way', async () => {
    const clock = new ManualClock();
    const upload = clientStream('Upload', async (parts) => {
      for await (const part of parts) if (part === 'last') return '';
      return '';
    });
    const drip = serverStream('Drip', async (_request, call) => {
      await call.send('drop');
      await untilCancelled(call);
    });
    await using at = await startServer([serviceOf(left, upload, drip)], {}, clock);
    await using client = await RawClient.connect(at.address);
    const timeout = { 'grpc-timeout': '1S' };
    const unsent = client.open('/test.Test/Left', timeout);
    const uploading = client.open('/test.Test/Upload', timeout);
    uploading.send('first');
    const dripping = client.open('/test.Test/Drip', timeout);
    dripping.send('');
    dripping.stream.end();
    await new Promise((resolve) => dripping.stream.once('data', resolve));
    clock.advance(1010);
    const answers = await Promise.all([unsent.answer, uploading.answer, dripping.answer]);
    expect(answers.map(({ status }) => status)).toEqual([4, 4, 4]);
    await until(() => at.door.left === 3);
    expect([at.wheel.size, at.observer.ended]).toEqual([0, [4, 4, 4]]);
  });

  it('resets a stream whose reader does not even read that it has passed', async () => {
    const clock = new ManualClock();
    const pour = serverStream('Pour', async (_request, call) => {
      for (;;) await call.send('x'.repeat(64 * 1024));
    });
    await using at = await startServer([serviceOf(pour)], {}, clock);
    await using client = await RawClient.connect(at.address);
    const call = client.open('/test.Test/Pour', { 'grpc-timeout': '1S' });
    call.stream.pause();
    call.send('');
    call.stream.end();
    await until(() => at.door.entered === 1 && at.wheel.size === 1);
    await new Promise((resolve) => call.stream.once('response', resolve));
    clock.advance(1010);
    expect(at.observer.ended).toEqual([4]);
    for (let turn = 0; turn < 50; turn += 1) await new Promise((resolve) => setImmediate(resolve));
    expect(at.door.left).toBe(0);
    clock.advance(1010);
    await until(() => at.door.left === 1);
    expect(at.wheel.size).toBe(0);
    call.stream.resume();
    expect(await call.answer).toMatchObject({ rstCode: 8 });
  });
});
