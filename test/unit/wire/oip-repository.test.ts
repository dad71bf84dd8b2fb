import { describe, expect, it } from '@jest/globals';
import { ServingError } from '../../../src/error/serving-error.js';
import type { ModelRepositoryParameter } from '../../../src/gen/inference/repository.js';
import {
  formatRepositoryIndex,
  loadErrorOf,
  parseModelLoad,
  parseModelUnload,
  parseRepositoryIndex,
} from '../../../src/wire/oip-repository.js';

const text = (value: string): ModelRepositoryParameter => ({ parameterChoice: { $case: 'stringParam', value } });
const bytes = (value: Uint8Array): ModelRepositoryParameter => ({ parameterChoice: { $case: 'bytesParam', value } });
const flag = (value: boolean): ModelRepositoryParameter => ({ parameterChoice: { $case: 'boolParam', value } });

function message(modelName: string, parameters: Record<string, ModelRepositoryParameter> = {}) {
  return { repositoryName: '', modelName, parameters };
}

describe('a request about repositories', () => {
  it('is taken as it is', () => {
    expect(parseRepositoryIndex({ repositoryName: '', ready: true })).toEqual({ readyOnly: true });
    expect(parseModelLoad(message('m'))).toEqual({ model: 'm', overrides: undefined });
    expect(parseModelUnload(message('m', { unload_dependents: flag(true) }))).toBe('m');
  });

  it('may not name a repository', () => {
    const named = { ...message('m'), repositoryName: 'models' };
    const refusal = new ServingError('unsupported', "'repository_name' specification is not supported");
    expect(() => parseRepositoryIndex({ repositoryName: 'models', ready: false })).toThrow(refusal);
    expect(() => parseModelLoad(named)).toThrow(refusal);
    expect(() => parseModelUnload(named)).toThrow(refusal);
  });

  it('brings a config, and files by their paths', () => {
    expect(parseModelLoad(message('m', { config: text('{}') }))).toEqual({ model: 'm', overrides: { config: '{}', files: new Map() } });
    const content = Buffer.from('model');
    const files = { 'file:1/model.onnx': bytes(content), config: text(''), 'file:': bytes(content) };
    expect(parseModelLoad(message('m', files)).overrides).toEqual({
      config: '',
      files: new Map([
        ['1/model.onnx', content],
        ['', content],
      ]),
    });
  });

  it('may not bring files without a config', () => {
    expect(() => parseModelLoad(message('m', { 'file:1/model.onnx': bytes(Buffer.from('model')) }))).toThrow(
      new ServingError(
        'invalid_request',
        "failed to load 'm', failed to poll from model repository: load parameter 'config' must be specified for model file override",
      ),
    );
  });

  it.each<[string, ModelRepositoryParameter, string]>([
    ['config', bytes(Buffer.from('{}')), 'string_param'],
    ['config', { parameterChoice: undefined }, 'string_param'],
    ['file:1/model.onnx', text('model'), 'bytes_param'],
  ])('may not bring %s of another type', (key, value, expected) => {
    expect(() => parseModelLoad(message('m', { [key]: value }))).toThrow(
      expect.objectContaining({
        code: 'invalid_request',
        message: `invalid value type for load parameter '${key}', expected ${expected}`,
      }),
    );
  });

  it('may not bring parameters that nobody knows', () => {
    expect(() => parseModelLoad(message('m', { colour: text('red') }))).toThrow("parameter 'colour' is not known here");
    expect(() => parseModelUnload(message('m', { colour: text('red') }))).toThrow("parameter 'colour' is not known here");
    expect(() => parseModelUnload(message('m', { unload_dependents: text('yes') }))).toThrow("expected 'unload_dependents', a bool");
  });
});

describe('formatRepositoryIndex', () => {
  it("has Triton's words for the states", () => {
    const states = ['ready', 'loading', 'unloading', 'unavailable'] as const;
    const { models } = formatRepositoryIndex(states.map((state) => ({ model: 'm', version: '1', state, reason: 'why' })));
    expect(models.map(({ state }) => state)).toEqual(['READY', 'LOADING', 'UNLOADING', 'UNAVAILABLE']);
    expect(models[0]).toEqual({ name: 'm', version: '1', state: 'READY', reason: 'why' });
  });
});

describe('loadErrorOf', () => {
  it('says as Triton does that no repository has the model, and leaves the rest as it is', () => {
    const unknown = new ServingError('model_not_found', 'nobody');
    expect(loadErrorOf(unknown, 'm')).toMatchObject({
      code: 'backend_failed',
      message: "failed to load 'm', failed to poll from model repository",
      cause: unknown,
    });
    const failed = new ServingError('load_failed', 'no');
    expect(loadErrorOf(failed, 'm')).toBe(failed);
  });
});
