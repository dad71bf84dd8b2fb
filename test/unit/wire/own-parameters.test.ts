import { describe, expect, it } from '@jest/globals';
import { parseModelConfig } from '../../../src/wire/model-config.js';
import { parameters } from '../../support/own-parameters.js';
import { servingErrorOf } from '../../support/wire-messages.js';

const parse = (text: string) => parseModelConfig(text, 'm');

describe('our own parameters', () => {
  it('say nothing where they are not there', () => {
    const settings = parse('');
    expect(settings).not.toHaveProperty('splitsRequests');
    expect(settings).not.toHaveProperty('refusesNonFinite');
    expect(settings.batching).toEqual({ preferredBatchSizes: [], maxQueueDelayMs: 0, maxQueueSize: 0 });
  });

  it('are read into the settings', () => {
    const text = parameters({
      latency_target_ms: '12.5',
      max_batch_cost: '4096',
      pipeline_depth: '3',
      split: 'on',
      refuse_non_finite: 'off',
      pad_inputs: 'tokens[0]=0',
    });
    const { batching, splitsRequests, refusesNonFinite } = parse(text);
    const padding = { inputs: new Map([['tokens', { axis: 0, value: 0 }]]), outputs: new Map(), mask: undefined };
    expect(batching).toMatchObject({ latencyTargetMs: 12.5, maxBatchCost: 4096, pipelineDepth: 3, padding });
    expect({ splitsRequests, refusesNonFinite }).toEqual({ splitsRequests: true, refusesNonFinite: false });
  });

  it.each([
    [{ latency_target_ms: '0' }, "parameter 'millrace.latency_target_ms' is '0', expected a number above 0"],
    [{ max_batch_cost: '1.5' }, "parameter 'millrace.max_batch_cost' is '1.5', expected an integer above 0"],
    [{ pipeline_depth: '17' }, "parameter 'millrace.pipeline_depth' is '17', expected an integer from 1 to 16"],
    [{ split: 'yes' }, "parameter 'millrace.split' is 'yes', expected 'on' or 'off'"],
    [{ refuse_non_finite: '1' }, "parameter 'millrace.refuse_non_finite' is '1', expected 'on' or 'off'"],
    [{ batching: 'on' }, "parameter 'millrace.batching' is 'on', expected 'off' or 'learned'"],
  ])('refuse %p', (values, problem) => {
    const error = servingErrorOf(() => parse(parameters(values)));
    expect(error).toMatchObject({ code: 'load_failed', message: `config.pbtxt of model 'm': ${problem}` });
  });
});

describe('what rules the batches', () => {
  const { mode: learned } = parse('').batching;

  it.each([
    ['', learned],
    ['dynamic_batching {}', learned],
    ['dynamic_batching { default_queue_policy { max_queue_size: 3 } }', learned],
    ['dynamic_batching { max_queue_delay_microseconds: 1 }', 'fixed'],
    ['dynamic_batching { preferred_batch_size: 4 }', 'fixed'],
    [`dynamic_batching { max_queue_delay_microseconds: 1 } ${parameters({ batching: 'off' })}`, 'fixed'],
    [`dynamic_batching { preferred_batch_size: 4 } ${parameters({ batching: 'learned' })}`, learned],
  ])('is in %p: %p', (text, mode) => {
    expect(learned).toBeUndefined();
    expect(parse(text).batching.mode).toBe(mode);
  });
});
