import { describe, expect, it } from '@jest/globals';
import { parseModelConfigText } from '../../../src/wire/model-config-text.js';

describe('parseModelConfigText', () => {
  it('reads the text format with comments, lists, joined strings and either bracket', () => {
    const config = parseModelConfigText(`
      # a comment
      name: "m" 'ore'
      input [ { name: "x", data_type: TYPE_FP32; dims: [ -1, 0x10 ] } ]
      instance_group < count: 2 kind: KIND_CPU >
      parameters { key: "k" value: { string_value: "\\303\\244\\n" } }
      version_policy: { specific { versions: 9223372036854775807 } }
      dynamic_batching { max_queue_delay_microseconds: 18446744073709551615 }`);
    expect(config).toMatchObject({
      name: 'more',
      input: [{ name: 'x', dataType: 11, dims: [-1n, 16n] }],
      instanceGroup: [{ count: 2, kind: 2 }],
      parameters: { k: { stringValue: 'ä\n' } },
      versionPolicy: { policyChoice: { $case: 'specific', value: { versions: [2n ** 63n - 1n] } } },
      schedulingChoice: { $case: 'dynamicBatching', value: { maxQueueDelayMicroseconds: 2n ** 64n - 1n } },
    });
  });

  it('reads no text as an empty configuration', () => {
    expect(parseModelConfigText('')).toMatchObject({ name: '', maxBatchSize: 0, input: [] });
  });

  it('refuses an unknown field, with its line', () => {
    expect(() => parseModelConfigText('name: "m"\n\nmax_batchsize: 4')).toThrow("unknown field 'max_batchsize' (line 3)");
  });

  it.each([
    ['a word for a number', 'max_batch_size: many'],
    ['a number beyond the field', 'max_batch_size: 4294967296'],
    ['an unknown enum value', 'instance_group { kind: KIND_TPU }'],
    ['a field twice', 'name: "a" name: "b"'],
    ['two kinds of scheduling', 'dynamic_batching {} sequence_batching {}'],
    ['an open brace', 'input { name: "x"'],
    ['an open string', 'name: "x'],
    ['text that is not UTF-8', 'name: "\\377"'],
    ['no text format at all', '{"name": "m"}'],
  ])('refuses %s', (_, text) => {
    expect(() => parseModelConfigText(text)).toThrow();
  });
});
