import { describe, expect, it } from '@jest/globals';
import { assertOverridePaths } from '../../../src/registry/override-path.js';

const long = (length: number) => 'x'.repeat(length);

describe('assertOverridePaths', () => {
  it.each([
    ['1/model.onnx'],
    ['9223372036854775807/model.onnx'],
    ['1/model.onnx/model.onnx', '1/model.onnx/weights.bin', '2/a/b/c/..d', '1/.hidden', '1/ spaced \u00fc'],
    ['labels.txt', 'config.pbtxt', 'warmup/input', 'warmup/a/b', '1/x'],
    [`1/${long(255)}`],
    [],
  ])('lets %j pass', (...paths) => {
    expect(() => assertOverridePaths('m', paths)).not.toThrow();
  });

  it.each([
    '',
    '/',
    '/etc/passwd',
    '/1/model.onnx',
    '..',
    '.',
    '../1/model.onnx',
    '1/../../model.onnx',
    '1/..',
    '1/./model.onnx',
    '1//model.onnx',
    '1/',
    '1/a\\..\\b',
    '1/a\0b',
    long(256),
    `1/${'\u00fc'.repeat(128)}`,
    `1/${long(250)}/${long(250)}/${long(250)}/${long(250)}/${long(250)}`,
  ])('refuses %j, which leads out or is no path', (path) => {
    expect(() => assertOverridePaths('m', ['1/model.onnx', path])).toThrow(
      expect.objectContaining({
        code: 'invalid_request',
        message: expect.stringMatching(/^failed to load 'm': file parameter 'file:.* must stay within model directory: expected /su),
      }),
    );
  });

  it.each([
    '0/model.onnx',
    '01/model.onnx',
    '-1/model.onnx',
    '+1/model.onnx',
    '1.5/model.onnx',
    'v1/model.onnx',
    '10000000000000000000/x',
    '1',
  ])('refuses %j, which is in no version directory', (path) => {
    expect(() => assertOverridePaths('m', [path])).toThrow(
      expect.objectContaining({
        code: 'invalid_request',
        message: expect.stringContaining(`file parameter 'file:${path}' is in no version directory: expected 'file:<version>/<path>'`),
      }),
    );
  });

  it('refuses a file that would have to be a directory', () => {
    expect(() => assertOverridePaths('m', ['1/a/b', '1/a'])).toThrow("file parameter 'file:1/a' is also the directory of another file");
  });

  it('refuses more files than any model has', () => {
    const paths = Array.from({ length: 1025 }, (_, index) => `1/${index}`);
    expect(() => assertOverridePaths('m', paths.slice(1))).not.toThrow();
    expect(() => assertOverridePaths('m', paths)).toThrow("failed to load 'm': 1025 files are given, expected at most 1024");
  });

  it('is short whatever the path', () => {
    try {
      assertOverridePaths('m', [`../${long(100_000)}`]);
    } catch (error) {
      expect((error as Error).message.length).toBeLessThan(400);
    }
    expect.assertions(1);
  });
});
