import type { Datatype } from './datatype.js';
import { Random } from './random.js';
import { elementCount, encodeBytes, encodeNumbers, type Tensor } from './tensor.js';

/** 0.5, 1, 1.5 and 2 as bits. */
const HALVES = [0x3800, 0x3c00, 0x3e00, 0x4000];
const BRAINS = [0x3f00, 0x3f80, 0x3fc0, 0x4000];
const WORDS = ['alpha', 'beta', 'gamma', 'delta', 'epsilon', 'zeta', 'eta', 'theta'];

/** `mild`: integers from 0 to 3, which are valid indices nearly everywhere. `wide`: integers from 0 to 99, for models that only pass them on. */
export type Spread = 'mild' | 'wide';

/** A tensor full of harmless values; the same seed gives the same ones. */
export function sampleTensor(name: string, datatype: Datatype, shape: readonly number[], seed: number, spread: Spread = 'mild'): Tensor {
  return { name, datatype, shape, raw: sampleRaw(datatype, elementCount(shape), new Random(seed), spread) };
}

function sampleRaw(datatype: Datatype, count: number, random: Random, spread: Spread): Buffer {
  const many = <T>(make: () => T): T[] => Array.from({ length: count }, make);
  const bound = spread === 'mild' ? 4 : 100;
  switch (datatype) {
    case 'BYTES':
      return encodeBytes(many(() => Buffer.from(`${WORDS[random.below(WORDS.length)] ?? ''} ${random.below(1000)}`)));
    case 'FP16':
      return encodeNumbers(
        'UINT16',
        many(() => HALVES[random.below(HALVES.length)] ?? 0),
      );
    case 'BF16':
      return encodeNumbers(
        'UINT16',
        many(() => BRAINS[random.below(BRAINS.length)] ?? 0),
      );
    case 'FP32':
    case 'FP64':
      return encodeNumbers(
        datatype,
        many(() => random.fraction() * (bound / 4)),
      );
    case 'BOOL':
      return encodeNumbers(
        datatype,
        many(() => random.below(2)),
      );
    case 'UINT8':
    case 'UINT16':
    case 'UINT32':
    case 'UINT64':
    case 'INT8':
    case 'INT16':
    case 'INT32':
    case 'INT64':
      return encodeNumbers(
        datatype,
        many(() => random.below(bound)),
      );
  }
}

/** Bits that a careless conversion would change: the extremes of the integers, NaN with a payload, infinities, -0, odd bytes. */
const EXTREMES: Readonly<Record<Datatype, readonly [string, string]>> = {
  BOOL: ['00', '01'],
  UINT8: ['00', 'ff'],
  UINT16: ['0000', 'ffff'],
  UINT32: ['01000080', 'ffffffff'],
  UINT64: ['0100000000000080', 'ffffffffffffffff'],
  INT8: ['80', '7f'],
  INT16: ['0080', 'ff7f'],
  INT32: ['00000080', 'ffffff7f'],
  INT64: ['0000000000000080', 'ffffffffffffff7f'],
  FP16: ['017e', '00fc'],
  BF16: ['c17f', '80ff'],
  FP32: ['0100c07f', '00000080'],
  FP64: ['010000000000f87f', '000000000000f0ff'],
  BYTES: ['0500000061620a0d09', '02000000c3a9'],
};

/** A tensor of extremes, for models that only pass them on. */
export function extremeTensor(name: string, datatype: Datatype, shape: readonly number[]): Tensor {
  const pair = EXTREMES[datatype].map((hex) => Buffer.from(hex, 'hex'));
  const raw = Buffer.concat(Array.from({ length: elementCount(shape) }, (_, at) => pair[at % 2] ?? Buffer.alloc(0)));
  return { name, datatype, shape, raw };
}
