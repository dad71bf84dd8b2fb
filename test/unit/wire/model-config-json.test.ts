import { describe, expect, it } from '@jest/globals';
import { parseModelConfigJson } from '../../../src/wire/model-config-json.js';

describe('parseModelConfigJson', () => {
  it.each([
    [
      'snake case, names of enum values and numbers',
      `{ "name": "more", "max_batch_size": 8,
         "input": [{ "name": "x", "data_type": "TYPE_FP32", "dims": [-1, 16] }],
         "instance_group": [{ "count": 2, "kind": "KIND_CPU" }],
         "parameters": { "k": { "string_value": "\\u00e4\\n" } },
         "version_policy": { "specific": { "versions": [9007199254740991] } },
         "dynamic_batching": { "max_queue_delay_microseconds": 100, "priority_queue_policy": { "2": { "max_queue_size": 4 } } } }`,
    ],
    [
      'camel case, numbers of enum values and strings',
      `{ "name": "more", "maxBatchSize": "8",
         "input": [{ "name": "x", "dataType": 11, "dims": ["-1", "16"] }],
         "instanceGroup": [{ "count": 2, "kind": 2 }],
         "parameters": { "k": { "stringValue": "\u00e4\\n" } },
         "versionPolicy": { "specific": { "versions": ["9007199254740991"] } },
         "dynamicBatching": { "maxQueueDelayMicroseconds": "100", "priorityQueuePolicy": { "2": { "maxQueueSize": 4 } } } }`,
    ],
  ])('reads %s', (_, json) => {
    expect(parseModelConfigJson(json)).toMatchObject({
      name: 'more',
      maxBatchSize: 8,
      input: [{ name: 'x', dataType: 11, dims: [-1n, 16n] }],
      instanceGroup: [{ count: 2, kind: 2 }],
      parameters: { k: { stringValue: 'ä\n' } },
      versionPolicy: { policyChoice: { $case: 'specific', value: { versions: [9007199254740991n] } } },
      schedulingChoice: {
        $case: 'dynamicBatching',
        value: { maxQueueDelayMicroseconds: 100n, priorityQueuePolicy: new Map([[2n, expect.objectContaining({ maxQueueSize: 4 })]]) },
      },
    });
  });

  it('reads an empty object and absent values as an empty configuration', () => {
    for (const json of ['{}', '{"name": null, "input": []}']) expect(parseModelConfigJson(json)).toMatchObject({ name: '', input: [] });
  });

  it.each([
    ['an unknown field', '{"max_batchsize": 4}', '"max_batchsize" is unknown'],
    ['an unknown field further down', '{"input": [{"nom": "x"}]}', 'inference.ModelInput from JSON: key "nom" is unknown'],
    ['a word for a number', '{"max_batch_size": "many"}', 'inference.ModelConfig.max_batch_size'],
    ['a fraction', '{"max_batch_size": 8.5}', 'inference.ModelConfig.max_batch_size'],
    ['a number beyond the field', '{"max_batch_size": 4294967296}', 'out of range'],
    ['a negative delay', '{"dynamic_batching": {"max_queue_delay_microseconds": -1}}', 'max_queue_delay_microseconds'],
    ['a number for a name', '{"name": 5}', 'inference.ModelConfig.name'],
    ['a word for a flag', '{"model_transaction_policy": {"decoupled": "true"}}', 'decoupled'],
    ['an object for a list', '{"input": {}}', 'inference.ModelConfig.input'],
    ['nothing in a list', '{"input": [null]}', 'inference.ModelConfig.input'],
    ['an unknown enum value', '{"instance_group": [{"kind": "KIND_TPU"}]}', 'KIND_TPU'],
    ['a field twice', '{"name": "a", "name": "b"}', 'name'],
    ['a field in both spellings', '{"max_batch_size": 1, "maxBatchSize": 1}', 'max_batch_size'],
    ['two kinds of scheduling', '{"dynamic_batching": {}, "sequence_batching": {}}', 'scheduling_choice'],
    ['text that is not Unicode', '{"name": "\\ud800"}', 'name'],
    ['an open brace', '{"name": "x"', 'JSON'],
    ['a list', '[]', 'inference.ModelConfig'],
    ['nothing', '', 'JSON'],
    ['null', 'null', 'inference.ModelConfig'],
    ['text format', 'name: "m"', 'JSON'],
    ['a prototype', '{"__proto__": {"name": "x"}}', '__proto__'],
  ])('refuses %s', (_, json, text) => {
    expect(() => parseModelConfigJson(json)).toThrow(text);
  });

  it.each([
    ['long', `{"name": "${'x'.repeat(10_000_000)}"}`, 'it has 10000012 characters, expected at most 262144'],
    ['deep', `{"input": ${'['.repeat(130_000)}${']'.repeat(130_000)}}`, 'inference.ModelInput'],
    ['deep in an unknown field', `{"x": ${'{"x":'.repeat(40_000)}1${'}'.repeat(40_000)}}`, '"x" is unknown'],
  ])('refuses what is too %s', (_, json, text) => {
    expect(() => parseModelConfigJson(json)).toThrow(text);
  });
});
