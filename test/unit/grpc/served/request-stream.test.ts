import { describe, expect, it } from '@jest/globals';
import { ServingError } from '../../../../src/error/serving-error.js';
import { RequestStream } from '../../../../src/grpc/served/request-stream.js';
import { CancelSource } from '../../../../src/model/cancel-signal.js';
import { textCodec } from '../../../support/grpc-server.js';

function setUp() {
  const signal = new CancelSource();
  let reads = 0;
  const stream = new RequestStream(textCodec, signal, () => {
    reads += 1;
  });
  return { signal, stream, reads: () => reads };
}

const CANCELLED = new ServingError('cancelled', 'gone');

describe('RequestStream', () => {
  it('reads a message only when it is asked for one', async () => {
    const { stream, reads } = setUp();
    expect(reads()).toBe(0);
    const next = stream.next();
    expect(reads()).toBe(1);
    stream.push(Buffer.from('a'));
    await expect(next).resolves.toEqual({ done: false, value: 'a' });
    expect(reads()).toBe(1);
  });

  it('ends when the client half-closes, and stays ended', async () => {
    const { stream } = setUp();
    const next = stream.next();
    stream.end();
    await expect(next).resolves.toEqual({ done: true, value: undefined });
    await expect(stream.next()).resolves.toEqual({ done: true, value: undefined });
  });

  it('rejects with the reason when the call is cancelled, waiting or not', async () => {
    const { signal, stream } = setUp();
    const next = stream.next();
    signal.cancel(CANCELLED);
    await expect(next).rejects.toBe(CANCELLED);
    await expect(stream.next()).rejects.toBe(CANCELLED);
  });

  it('reports a malformed message as invalid_request and reads no more', async () => {
    const { stream, reads } = setUp();
    const next = stream.next();
    stream.push(Buffer.from('malformed'));
    await expect(next).rejects.toMatchObject({ code: 'invalid_request', message: expect.stringContaining('malformed request') });
    await expect(stream.next()).resolves.toMatchObject({ done: true });
    expect(reads()).toBe(1);
  });

  it('reads no more once the reader has broken off', async () => {
    const { stream, reads } = setUp();
    const loop = (async () => {
      for await (const message of stream) if (message === 'stop') break;
    })();
    stream.push(Buffer.from('stop'));
    await loop;
    await expect(stream.next()).resolves.toMatchObject({ done: true });
    expect(reads()).toBe(1);
  });

  it('serves one reader: a second demand at a time is a mistake', async () => {
    const { stream } = setUp();
    const first = stream.next();
    await expect(stream.next()).rejects.toThrow('being read already');
    stream.end();
    await first;
  });
});
