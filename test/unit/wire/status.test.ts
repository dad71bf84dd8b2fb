import { describe, expect, it } from '@jest/globals';
import { SERVING_ERROR_CODES, type ServingErrorCode } from '../../../src/error/code.js';
import { ServingError } from '../../../src/error/serving-error.js';
import { ErrorInfo, RetryInfo } from '../../../src/gen/google/rpc/error_details.js';
import { Status } from '../../../src/gen/google/rpc/status.js';
import { type CallStatus, oipStatusOf, rpcStatusOf, statusOf } from '../../../src/wire/status.js';

function errorOf(code: ServingErrorCode): ServingError {
  if (code === 'model_not_ready' || code === 'overloaded' || code === 'draining' || code === 'backend_unavailable') {
    return new ServingError(code, 'text', { retryAfterMs: 1500 });
  }
  return new ServingError(code, 'text');
}

function detailsOf({ details }: CallStatus) {
  const status = Status.decode(details ?? new Uint8Array(0));
  return { status, byType: new Map(status.details.map(({ typeUrl, value }) => [typeUrl, value])) };
}

describe('statusOf', () => {
  it('gives each code its row of the table', () => {
    const codes = Object.fromEntries(SERVING_ERROR_CODES.map((code) => [code, statusOf(errorOf(code)).code]));
    expect(codes).toEqual({
      invalid_request: 3,
      model_not_found: 5,
      model_not_ready: 14,
      not_found: 5,
      already_exists: 6,
      overloaded: 8,
      draining: 14,
      deadline_exceeded: 4,
      cancelled: 1,
      unauthenticated: 16,
      permission_denied: 7,
      backend_unavailable: 14,
      backend_failed: 13,
      load_failed: 9,
      unsupported: 12,
      too_large: 8,
      internal: 13,
    });
  });

  it('says our code in ErrorInfo and repeats code and message in the details', () => {
    const { status, byType } = detailsOf(statusOf(new ServingError('model_not_found', 'no model')));
    expect(status).toMatchObject({ code: 5, message: 'no model' });
    const info = ErrorInfo.decode(byType.get('type.googleapis.com/google.rpc.ErrorInfo') ?? new Uint8Array(0));
    expect(info).toEqual({ reason: 'model_not_found', domain: 'millrace', metadata: {} });
    expect(byType.size).toBe(1);
  });

  it('says when a retry may help, rounded up to whole milliseconds', () => {
    const status = statusOf(new ServingError('overloaded', 'full', { retryAfterMs: 2500.2 }));
    const { byType } = detailsOf(status);
    const retry = RetryInfo.decode(byType.get('type.googleapis.com/google.rpc.RetryInfo') ?? new Uint8Array(0));
    expect(retry.retryDelay).toEqual({ seconds: 2n, nanos: 501_000_000 });
    expect(status.pushbackMs).toBe(2501);
  });

  it('never sends a negative pushback, which would forbid the retry', () => {
    expect(statusOf(new ServingError('draining', 'away', { retryAfterMs: -3 })).pushbackMs).toBe(0);
  });

  it('leaves the pushback out where a retry cannot help', () => {
    expect(statusOf(new ServingError('too_large', 'big'))).not.toHaveProperty('pushbackMs');
  });

  it('says nothing of an internal error but that it is one', () => {
    const status = statusOf(new ServingError('internal', 'secret', undefined, new Error('more secret')));
    expect(status.message).toBe('internal error');
    expect(detailsOf(status).status.message).toBe('internal error');
  });
});

describe('oipStatusOf', () => {
  it('answers a failed load as Triton does', () => {
    expect(oipStatusOf('grpc')(errorOf('load_failed')).code).toBe(3);
    expect(oipStatusOf('triton')(errorOf('load_failed')).code).toBe(3);
  });

  it("keeps gRPC's own code for overload unless Triton's is asked for", () => {
    expect(oipStatusOf('grpc')(errorOf('overloaded')).code).toBe(8);
    expect(oipStatusOf('triton')(errorOf('overloaded')).code).toBe(14);
  });

  it("answers a queue timeout with Triton's code where that is asked for, and a deadline of the call's own with gRPC's", () => {
    const queueTimeout = new ServingError('deadline_exceeded', 'Request timeout expired', { queueTimeout: true });
    expect(oipStatusOf('triton')(queueTimeout)).toMatchObject({ code: 14, message: 'Request timeout expired' });
    expect(oipStatusOf('grpc')(queueTimeout).code).toBe(4);
    expect(statusOf(queueTimeout).code).toBe(4);
    expect(oipStatusOf('triton')(new ServingError('deadline_exceeded', 'deadline exceeded')).code).toBe(4);
  });

  it('agrees with the other facade on everything else, under either flag', () => {
    const same = SERVING_ERROR_CODES.filter((code) => !['load_failed', 'overloaded'].includes(code));
    for (const code of same) {
      expect(oipStatusOf('grpc')(errorOf(code)).code).toBe(statusOf(errorOf(code)).code);
      expect(oipStatusOf('triton')(errorOf(code)).code).toBe(statusOf(errorOf(code)).code);
    }
  });

  it('keeps the retry hint', () => {
    expect(oipStatusOf('triton')(errorOf('overloaded')).pushbackMs).toBe(1500);
  });
});

describe('rpcStatusOf', () => {
  it('is the status that the call would have ended with', () => {
    const error = new ServingError('backend_failed', 'it broke');
    expect(rpcStatusOf(error)).toEqual(detailsOf(statusOf(error)).status);
  });
});
