import { describe, expect, it } from '@jest/globals';
import { invalidRequest, ServingError } from '../../../src/error/serving-error.js';

describe('ServingError', () => {
  it('carries its code, message, detail and cause', () => {
    const cause = new Error('socket');
    const error = new ServingError('backend_unavailable', 'no instance', { retryAfterMs: 250 }, cause);
    expect(error).toMatchObject({ name: 'ServingError', code: 'backend_unavailable', message: 'no instance', retryAfterMs: 250, cause });
  });

  it('tells a queue timeout from a deadline', () => {
    const queueTimeout = new ServingError('deadline_exceeded', 'late', { queueTimeout: true });
    expect([queueTimeout.isQueueTimeout, queueTimeout.retryAfterMs]).toEqual([true, undefined]);
    expect(new ServingError('deadline_exceeded', 'late').isQueueTimeout).toBe(false);
    expect(new ServingError('overloaded', 'full', { retryAfterMs: 1 }).isQueueTimeout).toBe(false);
  });

  it('tells a run that failed from an instance that died', () => {
    expect(new ServingError('backend_failed', 'the model failed', { runFailed: true }).isRunFailure).toBe(true);
    expect(new ServingError('backend_failed', 'the worker died').isRunFailure).toBe(false);
    expect(new ServingError('overloaded', 'full', { retryAfterMs: 1 }).isRunFailure).toBe(false);
  });

  it('has no retry hint where a retry cannot help', () => {
    const error = new ServingError('model_not_found', 'no such model');
    expect(error.retryAfterMs).toBeUndefined();
    expect('cause' in error).toBe(false);
  });

  it('keeps its text short whatever it was given', () => {
    const { message } = new ServingError('internal', 'x'.repeat(1_000_000));
    expect(message).toHaveLength(400);
    expect(message.endsWith('…')).toBe(true);
  });

  it('has a text that can always be percent-encoded', () => {
    const { message } = new ServingError('internal', `x${'😀'.repeat(1_000)}`);
    expect(() => encodeURI(message)).not.toThrow();
  });
});

describe('ServingError.from', () => {
  it('returns a ServingError as it is', () => {
    const error = invalidRequest('bad');
    expect(ServingError.from(error)).toBe(error);
  });

  it('takes a stack where it is a mistake of ours, and none where it is everyday business', () => {
    const limit = Error.stackTraceLimit;
    expect(new ServingError('internal', 'internal error').stack).toMatch(/\n\s+at /);
    expect(new ServingError('overloaded', 'too much', { retryAfterMs: 1 }).stack).not.toMatch(/\n\s+at /);
    expect(Error.stackTraceLimit).toBe(limit);
  });

  it.each([new TypeError('at /srv/model.js:3'), 'a string', undefined, null])('hides %p behind a fixed text', (foreign) => {
    const error = ServingError.from(foreign);
    expect(error).toMatchObject({ code: 'internal', message: 'internal error' });
    expect(error.cause).toBe(foreign);
  });
});

describe('invalidRequest', () => {
  it('is the code for a caller who must change the request', () => {
    expect(invalidRequest('no')).toMatchObject({ code: 'invalid_request', message: 'no', retryAfterMs: undefined });
  });
});
