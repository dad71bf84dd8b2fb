import { describe, expect, it } from '@jest/globals';
import { DEFAULT_PIPELINE_DEPTH, MAX_PIPELINE_DEPTH, OWN_PARAMETER, OWN_PREFIX } from '../../../src/model/own-parameters.js';

describe('our own parameters', () => {
  it('all stand under one prefix, none twice', () => {
    const names: readonly string[] = Object.values(OWN_PARAMETER);
    expect(names.filter((name) => !name.startsWith(OWN_PREFIX))).toEqual([]);
    expect(new Set(names).size).toBe(names.length);
  });

  it('have a default depth that may be asked for', () => {
    expect(DEFAULT_PIPELINE_DEPTH).toBeGreaterThanOrEqual(1);
    expect(DEFAULT_PIPELINE_DEPTH).toBeLessThanOrEqual(MAX_PIPELINE_DEPTH);
  });
});
