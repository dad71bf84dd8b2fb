import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { frameAt, frameBytes, placesOf, RunFrame, roundUp } from '../../../../src/backend/onnx/run-frame.js';
import type { TensorSignature } from '../../../../src/model/spec.js';
import { DATATYPES } from '../../../../src/tensor/datatype.js';
import type { GatheredTensor } from '../../../../src/tensor/tensor.js';

const SIGNATURE: readonly TensorSignature[] = ['a', 'b', 'c'].map((name) => ({ name, datatype: 'FP32', shape: [-1] }));
const PLACES = placesOf(SIGNATURE);

function tensor(name: string, ...parts: Uint8Array[]): GatheredTensor {
  return { name, datatype: 'UINT8', shape: [2, 3], parts, byteLength: parts.reduce((sum, { length }) => sum + length, 0) };
}

function frameFor(tensors: readonly GatheredTensor[]): RunFrame {
  return new RunFrame(new SharedArrayBuffer(frameBytes(tensors, PLACES) ?? 0));
}

const newMemory = (_place: number, byteLength: number) => new Uint8Array(byteLength);

function shifted(bytes: Uint8Array, offset: number): Uint8Array {
  const moved = new Uint8Array(bytes.length + offset).subarray(offset);
  moved.set(bytes);
  return moved;
}

/** Parts as they lie in messages: anywhere in their buffers. */
const part = fc.tuple(fc.uint8Array({ maxLength: 40 }), fc.nat(9)).map(([bytes, offset]) => shifted(bytes, offset));

const anyTensor: fc.Arbitrary<GatheredTensor> = fc
  .record({
    name: fc.constantFrom('a', 'b', 'c'),
    datatype: fc.constantFrom(...DATATYPES),
    shape: fc.array(fc.nat(Number.MAX_SAFE_INTEGER), { maxLength: 6 }),
    parts: fc.array(part, { maxLength: 4 }),
  })
  .map((given) => ({ ...given, byteLength: given.parts.reduce((sum, { length }) => sum + length, 0) }));

describe('RunFrame', () => {
  it('gives back what was written, whatever it is', () => {
    fc.assert(
      fc.property(fc.array(anyTensor, { maxLength: 5 }), fc.double({ noNaN: true }), (tensors, executeUs) => {
        const frame = frameFor(tensors);
        frame.write(tensors, PLACES, executeUs);
        const read = frame.read(SIGNATURE, newMemory);
        expect(read.executeUs).toBe(executeUs);
        expect(read.tensors).toEqual(
          tensors.map(({ name, datatype, shape, parts }) => ({ name, datatype, shape, data: new Uint8Array(Buffer.concat(parts)) })),
        );
      }),
    );
  });

  it('asks for memory by the place of the tensor in the signature', () => {
    const tensors = [tensor('c', Uint8Array.of(1)), tensor('a', Uint8Array.of(2, 3))];
    const frame = frameFor(tensors);
    frame.write(tensors, PLACES);
    const asked: number[][] = [];
    frame.read(SIGNATURE, (...given) => {
      asked.push(given);
      return newMemory(...given);
    });
    expect(asked).toEqual([
      [2, 1],
      [0, 2],
    ]);
  });

  it.each([
    ['shorter', 3],
    ['longer', 1],
  ])('refuses a tensor whose parts are %s than it is', (_how, byteLength) => {
    const wrong = { ...tensor('a', Uint8Array.of(1, 2)), byteLength };
    expect(() => frameFor([wrong]).write([wrong], PLACES)).toThrow(`the parts of 'a' are not the ${byteLength} bytes that it has`);
  });

  it('does not read what the model does not have', () => {
    const tensors = [tensor('c', Uint8Array.of(1))];
    const frame = frameFor(tensors);
    frame.write(tensors, PLACES);
    expect(() => frame.read(SIGNATURE.slice(0, 2), newMemory)).toThrow('a frame holds tensor 2, which the model does not have');
  });
});

describe('frameBytes', () => {
  it('counts the tensors in whole words', () => {
    const empty = frameBytes([], PLACES) ?? 0;
    expect(frameBytes([tensor('a', new Uint8Array(9)), tensor('b', new Uint8Array(1))], PLACES)).toBe(empty + 16 + 8);
  });

  it('finds no room for a name that the signature does not have, nor for more than the header holds', () => {
    expect(frameBytes([tensor('d')], PLACES)).toBeUndefined();
    expect(
      frameBytes(
        Array.from({ length: 21 }, () => tensor('a')),
        PLACES,
      ),
    ).toBeGreaterThan(0);
    expect(
      frameBytes(
        Array.from({ length: 22 }, () => tensor('a')),
        PLACES,
      ),
    ).toBeUndefined();
    expect(frameBytes([{ ...tensor('a'), shape: new Array<number>(123).fill(1) }], PLACES)).toBeUndefined();
  });
});

describe('the memory of frames', () => {
  it('doubles', () => {
    expect([0, 1, 2, 3, 65_536, 65_537].map(roundUp)).toEqual([0, 1, 2, 4, 65_536, 131_072]);
  });

  it('is found by its slot', () => {
    const frame = frameFor([]);
    expect(frameAt([frame], 0)).toBe(frame);
    expect(() => frameAt([frame], 1)).toThrow('the ring has 1 frames and no slot 1');
  });
});
