import { describe, expect, it } from '@jest/globals';
import { completeShape } from '../../../src/model/complete-shape.js';
import type { TensorSettings } from '../../../src/model/spec.js';

function complete(settings: Partial<TensorSettings>, own: readonly number[], isBatched = true) {
  return completeShape({ name: 'x', datatype: undefined, dims: undefined, ...settings }, own, isBatched);
}

describe('completeShape', () => {
  it("takes the model's shape where the settings say nothing", () => {
    expect(complete({}, [3, -1])).toEqual({ dims: [3, -1], modelDims: undefined });
  });

  it('narrows dims by what the model fixes', () => {
    expect(complete({ dims: [-1, 4] }, [3, -1])).toEqual({ dims: [3, 4], modelDims: undefined });
  });

  it('keeps what requests see apart from what the model wants', () => {
    expect(complete({ dims: [16], reshape: [4, 4] }, [4, -1])).toEqual({ dims: [16], modelDims: [4, 4] });
    expect(complete({ dims: [1], reshape: [] }, [])).toEqual({ dims: [1], modelDims: [] });
  });

  it('fixes a variable axis of dims where the model fixes its counterpart of reshape', () => {
    expect(complete({ dims: [-1, 2, -1], reshape: [1, -1, 2, -1] }, [1, 5, 2, -1])).toEqual({ dims: [5, 2, -1], modelDims: [1, 5, 2, -1] });
  });

  it('tells no two shapes apart where the reshape changes nothing', () => {
    expect(complete({ dims: [-1], reshape: [-1] }, [7])).toEqual({ dims: [7], modelDims: undefined });
  });

  it("lets dims of one element stand for an unbatched model's scalar", () => {
    expect(complete({ dims: [1, 1] }, [], false)).toEqual({ dims: [1, 1], modelDims: [] });
    expect(complete({ dims: [] }, [], false)).toEqual({ dims: [], modelDims: undefined });
    expect(complete({ dims: [1] }, [], true)).toEqual({ problem: "dims are configured as [1], but the model's are []" });
    expect(complete({ dims: [2] }, [], false)).toEqual({ problem: "dims are configured as [2], but the model's are []" });
  });

  it.each<[string, Partial<TensorSettings>, string]>([
    ['a reshape alone', { reshape: [4] }, 'a reshape needs dims, which say what requests see'],
    ['fewer elements', { dims: [4], reshape: [3] }, 'the reshape [3] has not as many elements as dims [4]'],
    [
      'a reshape unlike the model',
      { dims: [6], reshape: [2, 3] },
      "the dims of the reshape are configured as [2,3], but the model's are [4]",
    ],
    ['dims unlike the model', { dims: [6] }, "dims are configured as [6], but the model's are [4]"],
  ])('refuses %s', (_, settings, problem) => {
    expect(complete(settings, [4])).toEqual({ problem });
  });
});
