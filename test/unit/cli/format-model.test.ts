import { describe, expect, it } from '@jest/globals';
import { formatCheckedModel } from '../../../src/cli/format-model.js';
import { modelSpec } from '../../support/model-spec.js';

describe('formatCheckedModel', () => {
  it('shows what a model takes and gives, as a request has it', () => {
    const spec = modelSpec({
      inputs: [{ name: 'image', datatype: 'FP32', dims: [64] }],
      outputs: [
        { name: 'label', datatype: 'INT64', dims: [] },
        { name: 'probabilities', datatype: 'FP32', dims: [-1] },
      ],
    });
    expect(
      formatCheckedModel({ state: 'ready', model: 'digits', version: '1', spec, warnings: ['version_policy has no effect here'] }),
    ).toBe(
      [
        'digits/1  ready  onnxruntime, max batch size 32, 1 instance',
        '  input   image          FP32   [rows, 64]',
        '  output  label          INT64  [rows]',
        '  output  probabilities  FP32   [rows, any]',
        '  warning: version_policy has no effect here',
        '',
        '',
      ].join('\n'),
    );
  });

  it('says of a model without batches, with several instances, that streams by itself', () => {
    const spec = modelSpec({ maxBatchSize: 0, decoupled: true, instanceCount: 3 });
    const [head] = formatCheckedModel({ state: 'ready', model: 'repeat', version: '1', spec, warnings: [] }).split('\n');
    expect(head).toBe('repeat/1  ready  onnxruntime, not batched, 3 instances, decoupled');
  });

  it('gives the reason of a failure, with or without a version', () => {
    expect(formatCheckedModel({ state: 'failed', model: 'm', version: '2', reason: 'no model.onnx' })).toBe(
      'm/2  FAILED\n  no model.onnx\n\n',
    );
    expect(formatCheckedModel({ state: 'failed', model: 'm', version: undefined, reason: 'no version' })).toMatch(/^m {2}FAILED\n/);
  });
});
