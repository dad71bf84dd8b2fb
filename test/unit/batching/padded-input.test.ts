import { describe, expect, it } from '@jest/globals';
import { gatherInput, inputPadding } from '../../../src/batching/padded-input.js';
import type { PaddingSpec, TensorSpec } from '../../../src/model/spec.js';
import { int32Rows } from '../../support/row-tensors.js';

const SPEC: TensorSpec = { name: 'x', datatype: 'INT32', dims: [-1] };
const PADDING: PaddingSpec = { inputs: new Map([['x', { axis: 0, value: 4 }]]), outputs: new Map() };

describe('inputPadding', () => {
  it('tells inputs that are padded, those that are not, and the mask apart', () => {
    expect(inputPadding(SPEC, PADDING)).toMatchObject({ kind: 'padded', axis: 1 });
    expect(inputPadding({ ...SPEC, name: 'y' }, PADDING).kind).toBe('as_is');
    expect(inputPadding(SPEC, { ...PADDING, mask: 'x' })).toMatchObject({ kind: 'mask', axis: 1 });
  });
});

describe('gatherInput', () => {
  it('shares the fill among all batches', () => {
    const input = inputPadding(SPEC, PADDING);
    const entries = [{ inputs: [int32Rows([1], 'x', 1)], rows: 1, length: 1 }];
    const [first, second] = [gatherInput(input, 0, entries, 3), gatherInput(input, 0, entries, 2)];
    expect(first).toMatchObject({ shape: [1, 3], byteLength: 12 });
    expect(second).toMatchObject({ shape: [1, 2], byteLength: 8 });
    expect(second?.parts[1]?.buffer).toBe(first?.parts[1]?.buffer);
  });

  it('is nothing where all left it out, unless it is the mask', () => {
    const entries = [{ inputs: [], rows: 2, length: 2 }];
    expect(gatherInput(inputPadding(SPEC, PADDING), 0, entries, 3)).toBeUndefined();
    expect(gatherInput(inputPadding({ ...SPEC, name: 'y' }, PADDING), 0, entries, 3)).toBeUndefined();
    expect(gatherInput(inputPadding(SPEC, { ...PADDING, mask: 'x' }), 0, entries, 3)).toMatchObject({ shape: [2, 3], byteLength: 24 });
  });
});
