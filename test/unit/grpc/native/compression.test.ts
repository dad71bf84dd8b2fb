import { deflateSync, gzipSync } from 'node:zlib';
import { describe, expect, it } from '@jest/globals';
import { Decompressor, isMessageEncoding } from '../../../../src/grpc/native/compression.js';
import { Turns } from '../../../../src/grpc/native/turns.js';

const LISTENING = { isDeaf: false };

describe('Decompressor', () => {
  it.each([
    ['gzip', gzipSync],
    ['deflate', deflateSync],
  ] as const)('unpacks %s up to the limit and not beyond', async (encoding, pack) => {
    const decompressor = new Decompressor(1000, new Turns());
    await expect(decompressor.decompress(pack(Buffer.alloc(1000, 1)), encoding, LISTENING)).resolves.toEqual(Buffer.alloc(1000, 1));
    await expect(decompressor.decompress(pack(Buffer.alloc(1001)), encoding, LISTENING)).rejects.toMatchObject({
      status: { code: 8, message: 'Received message that decompresses to a size larger than 1000' },
    });
  });

  it.each([
    ['what is in another encoding', deflateSync('text'), 'gzip', 'Failed to decompress message'],
    ['half a message', gzipSync('text').subarray(0, 12), 'gzip', 'Failed to decompress message'],
    ['a message without an encoding', Buffer.from('text'), 'identity', 'a message is marked as compressed, but no grpc-encoding is named'],
  ] as const)('refuses %s with INTERNAL', async (_what, message, encoding, says) => {
    await expect(new Decompressor(1000, new Turns()).decompress(message, encoding, LISTENING)).rejects.toMatchObject({
      status: { code: 13, message: says },
    });
  });

  it('has a few at work at a time, the others in turn, and does nothing for whoever is gone by then', async () => {
    const decompressor = new Decompressor(10_000_000, new Turns());
    const recipients = Array.from({ length: 12 }, () => ({ isDeaf: false }));
    const packed = gzipSync(Buffer.alloc(1_000_000));
    const finished: number[] = [];
    const all = recipients.map(async (recipient, index) => {
      const message = await decompressor.decompress(packed, 'gzip', recipient);
      finished.push(index);
      return message.length;
    });
    for (const recipient of recipients.slice(4, 8)) recipient.isDeaf = true;
    const lengths = await Promise.all(all);
    expect(lengths).toEqual([
      ...Array<number>(4).fill(1_000_000),
      ...Array<number>(4).fill(packed.length),
      ...Array<number>(4).fill(1_000_000),
    ]);
    // None of the last began before one of the first was done.
    expect(Math.min(...[8, 9, 10, 11].map((index) => finished.indexOf(index)))).toBeGreaterThan(0);
    await expect(decompressor.decompress(gzipSync('again'), 'gzip', LISTENING)).resolves.toEqual(Buffer.from('again'));
  });
});

describe('isMessageEncoding', () => {
  it('knows what may be named', () => {
    expect(['identity', 'gzip', 'deflate', 'br', '', undefined].map((name) => isMessageEncoding(name))).toEqual([
      true,
      true,
      true,
      false,
      false,
      false,
    ]);
  });
});
