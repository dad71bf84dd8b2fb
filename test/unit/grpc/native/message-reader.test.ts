import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { MessageMemory } from '../../../../src/grpc/native/message-memory.js';
import { MessageReader, type MessageSink } from '../../../../src/grpc/native/message-reader.js';
import { frame } from '../../../support/grpc-client.js';

class Messages implements MessageSink {
  readonly told: string[] = [];
  readonly grown: number[] = [];
  readonly expected: number[] = [];

  onGrowing(bytes: number): void {
    this.grown.push(bytes);
  }

  onExpected(bytes: number): void {
    this.expected.push(bytes);
  }

  onMessage(message: Buffer, isCompressed: boolean): void {
    this.told.push(`${isCompressed ? 'compressed ' : ''}${message.toString('latin1')}`);
  }
}

const LIMIT = 4 * 1024 * 1024;

function readAll(reader: MessageReader, bytes: Buffer): void {
  for (let at = 0; at < bytes.length; ) at = reader.read(bytes, at, bytes.length);
}

describe('MessageReader', () => {
  it('tells the same messages however the bytes are cut', () => {
    const messages = fc.array(fc.tuple(fc.string({ maxLength: 300 }), fc.boolean()));
    fc.assert(
      fc.property(messages, fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1 }), (wanted, cuts) => {
        const sink = new Messages();
        const reader = new MessageReader(LIMIT, new MessageMemory(), sink);
        const bytes = Buffer.concat(wanted.map(([text, isCompressed]) => frame(text, isCompressed)));
        for (let at = 0, turn = 0; at < bytes.length; turn += 1) {
          const end = Math.min(bytes.length, at + (cuts[turn % cuts.length] ?? 1));
          readAll(reader, bytes.subarray(at, end));
          at = end;
        }
        expect(sink.told).toEqual(wanted.map(([text, packed]) => `${packed ? 'compressed ' : ''}${Buffer.from(text).toString('latin1')}`));
        expect(reader.isWithinMessage).toBe(false);
      }),
    );
  });

  it('reads one message at a time', () => {
    const sink = new Messages();
    const bytes = Buffer.concat([frame('one'), frame('two')]);
    expect(new MessageReader(LIMIT, new MessageMemory(), sink).read(bytes, 0, bytes.length)).toBe(8);
    expect(sink.told).toEqual(['one']);
  });

  it('keeps nothing of what it reads', () => {
    const bytes = Buffer.concat([frame('x'.repeat(1000)), frame('y'.repeat(20_000))]);
    const told: Buffer[] = [];
    const sink = new Messages();
    sink.onMessage = (message) => told.push(message);
    const reader = new MessageReader(LIMIT, new MessageMemory(), sink);
    for (const [start, end] of [
      [0, 10_000],
      [10_000, bytes.length],
    ] as const) {
      const chunk = Buffer.from(bytes.subarray(start, end));
      readAll(reader, chunk);
      chunk.fill(0xaa);
    }
    expect(told.map(String)).toEqual(['x'.repeat(1000), 'y'.repeat(20_000)]);
    expect(sink.grown).toEqual([32 * 1024]);
  });

  it('gives a large message memory as it comes, and a prefix alone none', () => {
    const sink = new Messages();
    const reader = new MessageReader(LIMIT, new MessageMemory(), sink);
    const bytes = frame(Buffer.alloc(LIMIT));
    readAll(reader, bytes.subarray(0, 5));
    expect([sink.grown, sink.expected, reader.isWithinMessage]).toEqual([[], [], true]);
    readAll(reader, bytes.subarray(5, 6));
    expect([sink.grown, sink.expected]).toEqual([[4096], [LIMIT - 1]]);
    for (let at = 6; at < bytes.length; at += 16_384) readAll(reader, bytes.subarray(at, at + 16_384));
    // 16 times the first frame as memory comes, 1 MiB, and then twice what there was.
    const rooms = [4096, 512 * 1024, 1024 * 1024, 2 * 1024 * 1024, LIMIT];
    expect(sink.grown).toEqual(rooms.map((room, at) => room - (rooms[at - 1] ?? 0)));
    expect(sink.told.map((text) => text.length)).toEqual([LIMIT]);
  });

  it.each([
    ['over the limit', Buffer.from([0, 0, 0x40, 0, 1]), 8, `Received message larger than max (${LIMIT + 1} vs ${LIMIT})`],
    ['with another flag', Buffer.from([2, 0, 0, 0, 0]), 13, 'a message begins with the byte 2, expected 0 or 1'],
  ])('refuses a message %s on its prefix', (_what, bytes, code, message) => {
    for (const cut of [1, 5]) {
      const sink = new Messages();
      const reader = new MessageReader(LIMIT, new MessageMemory(), sink);
      readAll(reader, bytes.subarray(0, 5 - cut));
      expect(() => readAll(reader, bytes.subarray(5 - cut))).toThrow(expect.objectContaining({ status: { code, message } }));
      expect(sink.grown).toEqual([]);
    }
  });

  it('lets go of what there is of a message when told to', () => {
    const sink = new Messages();
    const reader = new MessageReader(LIMIT, new MessageMemory(), sink);
    readAll(reader, frame('abc').subarray(0, 6));
    reader.drop();
    expect([sink.grown, sink.told]).toEqual([[3], []]);
  });

  it('gives back the memory of what is dropped, and what a message outgrows', () => {
    const memory = new MessageMemory();
    const reader = new MessageReader(LIMIT, memory, new Messages());
    const bytes = frame(Buffer.alloc(LIMIT));
    readAll(reader, bytes.subarray(0, 6));
    readAll(reader, bytes.subarray(6, 100_000));
    expect(memory.freeBytes).toBe(0);
    readAll(reader, bytes.subarray(100_000, 1_100_000));
    expect(memory.freeBytes).toBe(1024 * 1024);
    reader.drop();
    expect(memory.freeBytes).toBe(3 * 1024 * 1024);
    reader.drop();
    expect(memory.freeBytes).toBe(3 * 1024 * 1024);
  });
});
