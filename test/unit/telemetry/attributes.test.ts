import { describe, expect, it } from '@jest/globals';
import { ATTRIBUTES } from '../../../src/telemetry/attributes.js';

describe('ATTRIBUTES', () => {
  it('are distinct, and either of the semantic conventions or in our own name space', () => {
    const names = Object.values(ATTRIBUTES);
    expect(new Set(names).size).toBe(names.length);
    for (const name of names) expect(name).toMatch(/^(rpc|network|error|millrace)\.[a-z_.]+$/);
  });
});
