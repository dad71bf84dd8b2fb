import { describe, expect, it } from '@jest/globals';
import { parseModelConfigText } from '../../../src/wire/model-config-text.js';
import { findIneffectiveParameters } from '../../../src/wire/own-parameter-warnings.js';
import { parameters } from '../../support/own-parameters.js';

const warningsOf = (text: string) => findIneffectiveParameters(parseModelConfigText(text));
const noEffect = (name: string, where: string) => `parameter 'millrace.${name}' has no effect where ${where}`;

const BATCHED = 'max_batch_size: 8 input { name: "x" data_type: TYPE_FP32 }';
const BATCHING = { latency_target_ms: '5', max_batch_cost: '9', pad_inputs: 'x[0]=0', pad_outputs: 'y[0]', pad_mask: 'x' };
const ALL = { ...BATCHING, split: 'on', refuse_non_finite: 'on', pipeline_depth: '2' };

describe('findIneffectiveParameters', () => {
  it('is silent about what has an effect, and about what a model file may give one yet', () => {
    expect(warningsOf(`${BATCHED} ${parameters(ALL)}`)).toEqual([]);
    expect(warningsOf(`${BATCHED} ${parameters({ ...ALL, batching: 'learned' })} dynamic_batching { preferred_batch_size: 4 }`)).toEqual(
      [],
    );
    expect(warningsOf(parameters(ALL))).toEqual([]);
  });

  it('names those of our prefix that nobody knows, with those that are known', () => {
    const known =
      'known are millrace.batching, millrace.latency_target_ms, millrace.max_batch_cost, millrace.pipeline_depth, millrace.split, ' +
      'millrace.refuse_non_finite, millrace.pad_inputs, millrace.pad_outputs, millrace.pad_mask';
    expect(
      warningsOf(`
        ${parameters({ batching: 'off', baching: 'off', '': '' })}
        parameters { key: "other.batching" value { string_value: "off" } }`),
    ).toEqual([`parameter 'millrace.baching' has no effect: ${known}`, `parameter 'millrace.' has no effect: ${known}`]);
  });

  it('names the latency target of a model whose batches are fixed', () => {
    const where = 'dynamic_batching has a delay or preferred sizes';
    for (const setting of ['max_queue_delay_microseconds: 5', 'preferred_batch_size: 4']) {
      expect(warningsOf(`${BATCHED} ${parameters(ALL)} dynamic_batching { ${setting} }`)).toEqual([noEffect('latency_target_ms', where)]);
    }
    expect(warningsOf(`${BATCHED} ${parameters(ALL)} dynamic_batching {}`)).toEqual([]);
  });

  it('names those that need shared batches where batching is off', () => {
    const text = `${BATCHED} ${parameters({ ...ALL, batching: 'off' })}`;
    expect(warningsOf(text)).toEqual(Object.keys(BATCHING).map((name) => noEffect(name, "'millrace.batching' is 'off'")));
  });

  it('names those that need rows where there are none', () => {
    const names = ['latency_target_ms', 'max_batch_cost', 'split', 'pad_inputs', 'pad_outputs', 'pad_mask'];
    const expected = names.map((name) => noEffect(name, 'max_batch_size is 0'));
    expect(warningsOf(`input { name: "x" } ${parameters(ALL)}`)).toEqual(expected);
    expect(warningsOf(`output { name: "y" } ${parameters(ALL)}`)).toEqual(expected);
  });

  it('names those that need one execution a request where the model is decoupled', () => {
    const names = ['latency_target_ms', 'max_batch_cost', 'pipeline_depth', 'split', 'pad_inputs', 'pad_outputs', 'pad_mask'];
    const text = `${BATCHED} ${parameters(ALL)} model_transaction_policy { decoupled: true }`;
    expect(warningsOf(text)).toEqual(names.map((name) => noEffect(name, 'the model is decoupled')));
  });

  it('names the refusal of what no input can hold', () => {
    const refusing = parameters({ refuse_non_finite: 'on' });
    const ints = 'input { name: "x" data_type: TYPE_INT32 } input { name: "y" data_type: TYPE_STRING }';
    expect(warningsOf(`${ints} ${refusing}`)).toEqual([noEffect('refuse_non_finite', 'no input is of a floating-point type')]);
    expect(warningsOf(`${ints} input { name: "z" data_type: TYPE_BF16 } ${refusing}`)).toEqual([]);
    expect(warningsOf(`${ints} input { name: "z" } ${refusing}`)).toEqual([]);
  });
});
