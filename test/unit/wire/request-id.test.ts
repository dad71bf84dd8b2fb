import { describe, expect, it } from '@jest/globals';
import { invalidRequest, ServingError } from '../../../src/error/serving-error.js';
import { withRequestId } from '../../../src/wire/request-id.js';

describe('withRequestId', () => {
  it("puts Triton's prefix before what is wrong with a request", () => {
    const error = invalidRequest('unexpected shape');
    expect(withRequestId(error, 'r1')).toMatchObject({
      code: 'invalid_request',
      message: '[request id: r1] unexpected shape',
      cause: error,
    });
  });

  it('puts it before a full queue, and keeps when to come back', () => {
    const error = new ServingError('overloaded', 'Exceeds maximum queue size', { retryAfterMs: 7 });
    expect(withRequestId(error, 'r1')).toMatchObject({
      code: 'overloaded',
      message: '[request id: r1] Exceeds maximum queue size',
      retryAfterMs: 7,
    });
  });

  it('leaves a request without an id as it is', () => {
    const error = invalidRequest('unexpected shape');
    expect(withRequestId(error, '')).toBe(error);
  });

  it.each([
    new ServingError('model_not_found', 'there is none'),
    new ServingError('deadline_exceeded', 'too late'),
    new ServingError('backend_failed', 'it broke'),
    new ServingError('internal', 'internal error'),
  ])('leaves $code as it is, as Triton does', (error) => {
    expect(withRequestId(error, 'r1')).toBe(error);
  });

  it('shows the beginning of a long id, so that there is room for what is wrong', () => {
    const { message } = withRequestId(invalidRequest('unexpected shape'), 'i'.repeat(100_000));
    expect(message).toMatch(/^\[request id: i{79}…\] unexpected shape$/);
  });
});
