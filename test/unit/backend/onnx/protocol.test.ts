import { describe, expect, it } from '@jest/globals';
import { transferList } from '../../../../src/backend/onnx/protocol.js';
import { slab } from '../../../support/slab.js';

describe('transferList', () => {
  it('names each buffer once, so that it moves to the other thread and nobody here can touch it', () => {
    const tensors = [slab('A', 'UINT8', [3], Uint8Array.of(1, 2, 3)), slab('B', 'UINT8', [0], new Uint8Array(0))];
    const buffers = transferList(tensors);
    expect(buffers).toEqual(tensors.map(({ data }) => data.buffer));
    const moved = structuredClone(tensors, { transfer: buffers });
    expect(moved.map(({ data }) => data.length)).toEqual([3, 0]);
    expect(tensors.map(({ data }) => data.length)).toEqual([0, 0]);
  });
});
