import { randomBytes } from 'node:crypto';
import { gunzipSync, gzipSync, inflateSync } from 'node:zlib';
import { describe, expect, it } from '@jest/globals';
import { MessageCompressor, MessageCompressors } from '../../../../src/grpc/native/message-compressor.js';
import { Turns } from '../../../../src/grpc/native/turns.js';
import { HeaderField } from '../../../../src/http2/hpack/header-field.js';
import { turns as eventLoop } from '../../../support/event-loop.js';

const SENDING = { isStopped: false };
const TEXT = Buffer.from(Array.from({ length: 2000 }, (_, index) => `${index * 7919}`).join());

describe('MessageCompressor', () => {
  it.each([
    ['gzip', gunzipSync],
    ['deflate', inflateSync],
  ] as const)('compresses in %s, the harder the higher its level', async (encoding, unpack) => {
    const sizes: number[] = [];
    for (const level of ['low', 'medium', 'high'] as const) {
      const packed = await new MessageCompressor(encoding, level, new Turns()).compress(TEXT, SENDING);
      expect(unpack(packed ?? '')).toEqual(TEXT);
      sizes.push(packed?.length ?? 0);
    }
    const [low = 0, medium = 0, high = 0] = sizes;
    expect(low).toBeLessThan(TEXT.length);
    expect(medium).toBeLessThan(low);
    expect(high).toBeLessThanOrEqual(medium);
  });

  it('leaves alone what does not become smaller', async () => {
    const compressor = new MessageCompressor('gzip', 'high', new Turns());
    await expect(compressor.compress(randomBytes(5000), SENDING)).resolves.toBeUndefined();
    // What gzip would write is as long as this, and one byte shorter than that.
    const noise = randomBytes(40);
    const ending = (zeros: number) => Buffer.concat([noise, Buffer.alloc(zeros)]);
    const sizes = Array.from({ length: 60 }, (_, zeros) => gzipSync(ending(zeros), { level: 9 }).length - ending(zeros).length);
    const even = sizes.indexOf(0);
    const less = sizes.findIndex((saved) => saved < 0);
    expect([even >= 0, less]).toEqual([true, expect.any(Number)]);
    await expect(compressor.compress(ending(even), SENDING)).resolves.toBeUndefined();
    await expect(compressor.compress(ending(less), SENDING)).resolves.toEqual(gzipSync(ending(less), { level: 9 }));
  });

  it('has its turn with others, and does nothing for whoever has stopped by then', async () => {
    const turns = new Turns();
    const compressor = new MessageCompressor('gzip', 'low', turns);
    for (let taken = 0; taken < 4; taken += 1) await turns.take();
    const senders = [{ isStopped: false }, { isStopped: false }];
    const done: (number | undefined)[] = [];
    for (const sender of senders) void compressor.compress(TEXT, sender).then((packed) => done.push(packed?.length));
    await eventLoop();
    expect(done).toEqual([]);
    for (const sender of senders) sender.isStopped = true;
    turns.pass();
    await eventLoop();
    expect(done).toEqual([undefined, undefined]);
    // Its turn was passed on each time.
    await turns.take();
  });
});

describe('MessageCompressors', () => {
  const compressors = new MessageCompressors('low', new Turns());
  const chosenFor = (...lines: string[]) => {
    const fields = lines.map((line) => new HeaderField('grpc-accept-encoding', line));
    return compressors.chooseFor([new HeaderField('x-a', 'gzip'), ...fields])?.encoding;
  };

  it.each([
    [['identity,deflate,gzip'], 'gzip'],
    [['gzip'], 'gzip'],
    [['identity, deflate'], 'deflate'],
    [['deflate , br'], 'deflate'],
    [['identity', 'deflate', 'gzip'], 'gzip'],
    [['identity'], undefined],
    [['br', 'x-gzip', 'Gzip', ''], undefined],
    [[], undefined],
  ] as const)('take of %j %s', (lines, encoding) => {
    expect(chosenFor(...lines)).toBe(encoding);
  });

  it('are the same for every call', () => {
    const fields = [new HeaderField('grpc-accept-encoding', 'gzip')];
    expect(compressors.chooseFor(fields)).toBe(compressors.chooseFor([...fields]));
  });
});
