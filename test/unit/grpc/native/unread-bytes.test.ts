import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { MessageMemory } from '../../../../src/grpc/native/message-memory.js';
import { UnreadBytes } from '../../../../src/grpc/native/unread-bytes.js';

function take(unread: UnreadBytes, most: number): string {
  const { block, start, end } = unread;
  const length = Math.min(most, end - start);
  const text = block.toString('latin1', start, start + length);
  unread.skip(length);
  return text;
}

describe('UnreadBytes', () => {
  it('gives back what was put in, in its order, however it is put in and taken out', () => {
    const steps = fc.array(fc.oneof(fc.integer({ min: 1, max: 3000 }), fc.integer({ min: -3000, max: -1 })));
    fc.assert(
      fc.property(steps, (lengths) => {
        const unread = new UnreadBytes(new MessageMemory());
        let put = '';
        let got = '';
        for (const length of lengths) {
          if (length < 0) got += take(unread, -length);
          else {
            const text = `${put.length}-`.padEnd(length, 'x').slice(0, length);
            unread.push(Buffer.from(`##${text}##`), 2, 2 + length);
            put += text;
          }
          expect(unread.length).toBe(put.length - got.length);
        }
        while (unread.length > 0) got += take(unread, 1000);
        expect(got).toBe(put);
      }),
    );
  });

  it('leaves alone what was taken out', () => {
    const unread = new UnreadBytes(new MessageMemory());
    unread.push(Buffer.from('message'), 0, 7);
    const { block, start, end } = unread;
    const message = block.subarray(start, end);
    unread.skip(7);
    unread.push(Buffer.from('another'), 0, 7);
    expect(message.toString()).toBe('message');
  });

  it('takes large blocks of the memory that is used again, and gives them back when they are read or given up', () => {
    const memory = new MessageMemory();
    const unread = new UnreadBytes(memory);
    const bytes = Buffer.alloc(64 * 1024);
    unread.push(bytes, 0, bytes.length);
    unread.push(bytes, 0, bytes.length);
    take(unread, bytes.length);
    expect(memory.freeBytes).toBe(64 * 1024);
    unread.clear();
    expect([unread.length, memory.freeBytes]).toEqual([0, 2 * 64 * 1024]);
  });

  it('holds many small pieces in few blocks', () => {
    const unread = new UnreadBytes(new MessageMemory());
    for (let at = 0; at < 100_000; at += 1) unread.push(Buffer.from('a'), 0, 1);
    const blocks = new Set<Buffer>();
    let room = 0;
    while (unread.length > 0) {
      if (!blocks.has(unread.block)) room += unread.block.length;
      blocks.add(unread.block);
      take(unread, 50_000);
    }
    expect(blocks.size).toBeLessThan(12);
    expect(room).toBeLessThan(200_000);
  });
});
