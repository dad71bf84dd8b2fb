import { describe, expect, it } from '@jest/globals';
import { selectOutputs } from '../../../src/serving/outputs.js';
import { int32Rows } from '../../support/row-tensors.js';

const OUTPUTS = [int32Rows([1], 'A'), int32Rows([2], 'B'), int32Rows([3], 'C')];

function namesOf(names: readonly string[]): string[] {
  return selectOutputs(OUTPUTS, names).map(({ name }) => name);
}

describe('selectOutputs', () => {
  it("gives all outputs in the model's order where none was asked for", () => {
    expect(selectOutputs(OUTPUTS, [])).toBe(OUTPUTS);
  });

  it('gives the outputs asked for, in the order asked', () => {
    expect(namesOf(['C', 'A'])).toEqual(['C', 'A']);
  });

  it('passes the tensors on as they are', () => {
    expect(selectOutputs(OUTPUTS, ['B'])[0]).toBe(OUTPUTS[1]);
  });
});
