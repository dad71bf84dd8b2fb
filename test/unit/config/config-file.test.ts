import { describe, expect, it } from '@jest/globals';
import { parseConfigFile } from '../../../src/config/config-file.js';
import { UsageError } from '../../../src/config/usage-error.js';

describe('parseConfigFile', () => {
  it('reads a mapping', () => {
    expect([...parseConfigFile('grpcPort: 1\nhost: [a, b] # comment\n', 'm.yaml')]).toEqual([
      ['grpcPort', 1],
      ['host', ['a', 'b']],
    ]);
  });

  it('takes an empty file for an empty mapping', () => {
    expect(parseConfigFile('', 'm.yaml').size).toBe(0);
    expect(parseConfigFile('# nothing\n', 'm.yaml').size).toBe(0);
  });

  it.each([
    ['a list', '- a', /m\.yaml: expected a mapping/],
    ['a word', 'grpcPort', /m\.yaml: expected a mapping/],
    ['broken YAML', 'a: [1', /m\.yaml: .*line 1/],
    ['a key twice', 'a: 1\na: 2', /m\.yaml: .*unique.*line 2/i],
  ])('refuses %s in one line', (_, text, message) => {
    expect(() => parseConfigFile(text, 'm.yaml')).toThrow(UsageError);
    expect(() => parseConfigFile(text, 'm.yaml')).toThrow(message);
    expect(() => parseConfigFile(text, 'm.yaml')).not.toThrow(/\n/);
  });
});
