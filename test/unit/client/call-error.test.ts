import { Metadata, status } from '@grpc/grpc-js';
import { describe, expect, it } from '@jest/globals';
import { CallError } from '../../../src/client/call-error.js';

function serviceError(pushback?: string) {
  const metadata = new Metadata();
  if (pushback !== undefined) metadata.set('grpc-retry-pushback-ms', pushback);
  return Object.assign(new Error('8 RESOURCE_EXHAUSTED: too much waits'), {
    code: status.RESOURCE_EXHAUSTED,
    details: 'too much waits',
    metadata,
  });
}

describe('CallError', () => {
  it("has the status by name, the server's own words, and the original as cause", () => {
    const error = serviceError();
    expect(CallError.from(error)).toMatchObject({
      status: 'RESOURCE_EXHAUSTED',
      message: 'too much waits',
      retryAfterMs: undefined,
      cause: error,
    });
  });

  it('has the wait that the server asks for, and none where it wants no retry or says nonsense', () => {
    expect(CallError.from(serviceError('250')).retryAfterMs).toBe(250);
    expect(CallError.from(serviceError('-1')).retryAfterMs).toBeUndefined();
    expect(CallError.from(serviceError('soon')).retryAfterMs).toBeUndefined();
  });
});
