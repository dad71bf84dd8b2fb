import { describe, expect, it } from '@jest/globals';
import { selectOutputs } from '../../../src/serving/outputs.js';
import { rowsRequest } from '../../support/data-plane-rig.js';
import { modelSpec } from '../../support/model-spec.js';
import { int32Rows, readTexts } from '../../support/row-tensors.js';

const OUTPUTS = [int32Rows([1], 'A'), int32Rows([2], 'B'), int32Rows([3, 4], 'C', 2)];
const SPEC = modelSpec({
  maxBatchSize: 8,
  outputs: [
    { name: 'B', datatype: 'INT32', dims: [1], labels: ['one'] },
    { name: 'C', datatype: 'INT32', dims: [2], labels: ['left', 'right'] },
  ],
});

function select(outputNames: readonly string[], classCounts?: ReadonlyMap<string, number>) {
  return selectOutputs(OUTPUTS, rowsRequest([], { outputNames, classCounts }), SPEC);
}

describe('selectOutputs', () => {
  it("gives all outputs in the model's order where none was asked for", () => {
    expect(select([])).toBe(OUTPUTS);
  });

  it('gives the outputs asked for, in the order asked', () => {
    expect(select(['C', 'A']).map(({ name }) => name)).toEqual(['C', 'A']);
  });

  it('gives all outputs where all were asked for in their order, and not where one is another', () => {
    expect(select(['A', 'B', 'C'])).toBe(OUTPUTS);
    expect(select(['A', 'C', 'B']).map(({ name }) => name)).toEqual(['A', 'C', 'B']);
  });

  it('passes the tensors on as they are', () => {
    expect(select(['B'])[0]).toBe(OUTPUTS[1]);
  });

  it('answers with classes, labelled as their own output, where they were asked for, and only there', () => {
    const [a, c] = select(['A', 'C'], new Map([['C', 1]]));
    expect(a).toBe(OUTPUTS[0]);
    expect(readTexts(c)).toEqual(['4:1:right']);
  });

  it('knows rows from elements by the model, and no labels of an output that has none', () => {
    const request = rowsRequest([], { outputNames: ['C'], classCounts: new Map([['C', 2]]) });
    const [classes] = selectOutputs([int32Rows([3, 4], 'C')], request, modelSpec({ maxBatchSize: 0, outputs: [] }));
    expect([classes?.shape, readTexts(classes)]).toEqual([[2], ['4:1', '3:0']]);
  });
});
