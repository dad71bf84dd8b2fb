import { describe, expect, it } from '@jest/globals';
import { parseModelConfig } from '../../../src/wire/model-config.js';

function parse(fields: string) {
  return parseModelConfig(`max_batch_size: 8 dynamic_batching { ${fields} }`, 'm').batching;
}

describe('parseDynamicBatching', () => {
  it('reads sizes, delay and queue size', () => {
    expect(parse('preferred_batch_size: [ 4 ] max_queue_delay_microseconds: 250 default_queue_policy { max_queue_size: 3 }')).toEqual({
      preferredBatchSizes: [4],
      maxQueueDelayMs: 0.25,
      maxQueueSize: 3,
      mode: 'fixed',
    });
  });

  it('reads the queue policy of the model and of single levels', () => {
    const batching = parse(`
      priority_levels: 3 default_priority_level: 2
      default_queue_policy { timeout_action: DELAY default_timeout_microseconds: 1500 }
      priority_queue_policy { key: 1 value { allow_timeout_override: true max_queue_size: 5 } }
      priority_queue_policy { key: 3 value { timeout_action: DELAY } }`);
    expect(batching).toMatchObject({ maxQueueSize: 0, timeout: { action: 'delay', defaultMs: 1.5, allowOverride: false } });
    expect(batching.priorities).toEqual({
      levels: 3,
      defaultLevel: 2,
      policies: new Map([
        [1, { maxQueueSize: 5, timeout: { action: 'reject', defaultMs: 0, allowOverride: true } }],
        [3, { maxQueueSize: 0 }],
      ]),
    });
  });

  it('takes no levels from a config that has none, whatever else it says of them', () => {
    expect(parse('default_priority_level: 2 priority_queue_policy { key: 1 value { max_queue_size: 5 } }')).not.toHaveProperty(
      'priorities',
    );
  });

  it('reads preserve_ordering, with rejection and one level', () => {
    const batching = parse(`preserve_ordering: true priority_levels: 1 default_priority_level: 1
      default_queue_policy { default_timeout_microseconds: 5 }`);
    expect(batching).toMatchObject({ preserveOrdering: true, priorities: { levels: 1 }, timeout: { action: 'reject' } });
    expect(parse('preserve_ordering: false')).not.toHaveProperty('preserveOrdering');
  });

  it.each([
    ['priority_levels: 2', 'dynamic_batching.default_priority_level is 0, expected a level from 1 to priority_levels, which is 2'],
    ['priority_levels: 2 default_priority_level: 3', 'dynamic_batching.default_priority_level is 3'],
    [
      'priority_levels: 4294967296 default_priority_level: 1',
      'dynamic_batching.priority_levels is 4294967296, expected at most 4294967295',
    ],
    [
      'priority_levels: 2 default_priority_level: 1 priority_queue_policy { key: 3 value {} }',
      'dynamic_batching.priority_queue_policy has level 3, expected levels from 1 to priority_levels, which is 2',
    ],
    ['priority_levels: 2 default_priority_level: 1 priority_queue_policy { key: 0 value {} }', 'priority_queue_policy has level 0'],
    ['preserve_ordering: true priority_levels: 2 default_priority_level: 1', 'preserve_ordering allows one of priority_levels, got 2'],
    [
      'preserve_ordering: true default_queue_policy { timeout_action: DELAY default_timeout_microseconds: 1 }',
      'preserve_ordering allows no queue policy with timeout_action DELAY',
    ],
    [
      `preserve_ordering: true priority_levels: 1 default_priority_level: 1
       priority_queue_policy { key: 1 value { timeout_action: DELAY default_timeout_microseconds: 1 } }`,
      'preserve_ordering allows no queue policy with timeout_action DELAY',
    ],
    ['default_queue_policy { timeout_action: 7 }', 'timeout_action'],
  ])('refuses %s', (fields, problem) => {
    expect(() => parse(fields)).toThrow(expect.objectContaining({ code: 'load_failed', message: expect.stringContaining(problem) }));
  });
});
