import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { MessageMemory, roomFor } from '../../../../src/grpc/native/message-memory.js';

const KIBIBYTE = 1024;
const MEBIBYTE = 1024 * KIBIBYTE;

describe('roomFor', () => {
  it('is as much as is wanted, and for what is used again the next power of two', () => {
    const wanted = [0, 1, 16_383, 16_384, 16_385, 150_000, 16 * MEBIBYTE, 16 * MEBIBYTE + 1];
    expect(wanted.map(roomFor)).toEqual([0, 1, 16_383, 16_384, 32_768, 262_144, 16 * MEBIBYTE, 16 * MEBIBYTE + 1]);
  });
});

describe('MessageMemory', () => {
  it('uses again what is given back, the last first', () => {
    const memory = new MessageMemory();
    const [first, second] = [memory.take(100_000), memory.take(70_000)];
    expect([first.length, second.length]).toEqual([128 * KIBIBYTE, 128 * KIBIBYTE]);
    memory.giveBack(first);
    memory.giveBack(second.subarray(0, 70_000));
    expect(memory.freeBytes).toBe(256 * KIBIBYTE);
    expect(memory.take(65_537).buffer).toBe(second.buffer);
    expect(memory.take(130_000).buffer).toBe(first.buffer);
    expect(memory.freeBytes).toBe(0);
  });

  it('takes back only what it gave, and that once', () => {
    const memory = new MessageMemory();
    const taken = memory.take(20_000);
    memory.giveBack(taken);
    memory.giveBack(taken);
    memory.giveBack(Buffer.allocUnsafeSlow(32 * KIBIBYTE));
    memory.giveBack(memory.take(100));
    memory.giveBack(memory.take(17 * MEBIBYTE));
    expect(memory.freeBytes).toBe(32 * KIBIBYTE);
  });

  it('gives what is to wait memory of its own', () => {
    const memory = new MessageMemory();
    expect([memory.take(100), memory.takeAlone(100), memory.takeAlone(20_000)].map(({ buffer }) => buffer.byteLength)).toEqual([
      64 * KIBIBYTE,
      100,
      32 * KIBIBYTE,
    ]);
  });

  it('keeps no more than 64 MiB ready', () => {
    const memory = new MessageMemory();
    const taken = Array.from({ length: 5 }, () => memory.take(16 * MEBIBYTE));
    for (const each of taken) memory.giveBack(each);
    expect(memory.freeBytes).toBe(64 * MEBIBYTE);
  });

  it('lets go of what nobody has needed since the last trim', () => {
    const memory = new MessageMemory();
    const [first, second, third] = [memory.take(20_000), memory.take(20_000), memory.take(20_000)];
    for (const each of [first, second, third]) memory.giveBack(each);
    memory.trim();
    expect(memory.freeBytes).toBe(3 * 32 * KIBIBYTE);
    memory.giveBack(memory.take(20_000));
    memory.trim();
    expect(memory.freeBytes).toBe(32 * KIBIBYTE);
    memory.trim();
    expect(memory.freeBytes).toBe(0);
    memory.giveBack(memory.take(20_000));
    memory.clear();
    expect(memory.freeBytes).toBe(0);
  });

  it('never gives the same bytes to two at a time', () => {
    const steps = fc.array(fc.tuple(fc.integer({ min: 0, max: 40_000 }), fc.boolean(), fc.boolean()), { maxLength: 60 });
    fc.assert(
      fc.property(steps, (taken) => {
        const memory = new MessageMemory();
        const held: { readonly bytes: Buffer; readonly mark: number }[] = [];
        taken.forEach(([size, givesBack, trims], index) => {
          const bytes = memory.take(size).fill(index);
          held.push({ bytes, mark: index });
          for (const { bytes: before, mark } of held) expect(before.every((byte) => byte === mark)).toBe(true);
          if (givesBack) memory.giveBack(held.shift()?.bytes ?? bytes);
          if (trims) memory.trim();
        });
      }),
      { numRuns: 30 },
    );
  });
});
