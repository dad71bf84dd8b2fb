import { describe, expect, it } from '@jest/globals';
import { aliasNotFound } from '../../../src/registry/alias.js';

describe('aliasNotFound', () => {
  it('names the model and the alias', () => {
    expect(aliasNotFound('digits', 'stable')).toMatchObject({
      code: 'model_not_found',
      message: "Request for unknown model: 'digits' alias 'stable' is not found",
    });
  });
});
