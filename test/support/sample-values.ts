import type { Value, WireDatatype } from './tensor-codec.js';

/** Two values of every datatype, the outermost where there are such. */
export const SAMPLE_VALUES = {
  BOOL: [true, false],
  UINT8: [0, 255],
  UINT16: [0, 65_535],
  UINT32: [0, 4_294_967_295],
  UINT64: [0n, 2n ** 64n - 1n],
  INT8: [-128, 127],
  INT16: [-32_768, 32_767],
  INT32: [-2_147_483_648, 2_147_483_647],
  INT64: [-(2n ** 63n), 2n ** 63n - 1n],
  FP16: [-1.5, 65_504],
  FP32: [Math.fround(0.1), -Math.fround(3.4e38)],
  FP64: [0.1, -Number.MAX_VALUE],
  BYTES: ['', 'ünï 🖐'],
  BF16: [1.5, -2],
} as const satisfies Record<WireDatatype, readonly Value[]>;

export const ALL_DATATYPES = Object.keys(SAMPLE_VALUES) as readonly WireDatatype[];
