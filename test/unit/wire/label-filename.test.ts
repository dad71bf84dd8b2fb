import { describe, expect, it } from '@jest/globals';
import { ModelOutput } from '../../../src/gen/inference/model_config.js';
import { parseLabelFilename } from '../../../src/wire/label-filename.js';

function parse(labelFilename: string): string | undefined {
  return parseLabelFilename({ ...ModelOutput.decode(new Uint8Array()), name: 'y', labelFilename });
}

describe('parseLabelFilename', () => {
  it("is a file in the model's directory, or none", () => {
    expect(parse('')).toBeUndefined();
    expect(['labels.txt', 'texts/labels..txt', './labels'].map(parse)).toEqual(['labels.txt', 'texts/labels..txt', './labels']);
  });

  it.each(['/etc/passwd', '..', '../labels.txt', 'a/../../b', 'a/..', 'a\\..\\b', 'a\0b'])(
    'refuses %p, which may lie elsewhere',
    (name) => {
      expect(() => parse(name)).toThrow("expected a file in the model's directory");
    },
  );
});
