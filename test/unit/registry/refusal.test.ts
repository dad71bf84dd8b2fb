import { describe, expect, it } from '@jest/globals';
import { ServingError } from '../../../src/error/serving-error.js';
import { NEWEST } from '../../../src/model/id.js';
import { modelNotFound, refusal } from '../../../src/registry/refusal.js';
import type { VersionStateKind } from '../../../src/registry/state.js';
import type { VersionStatus } from '../../../src/registry/status.js';

function status(version: string, state: VersionStateKind): VersionStatus {
  const reason = state === 'failed' ? new ServingError('load_failed', 'no file') : undefined;
  return { id: { model: 'm', version }, state, reason };
}

const VERSION_1 = { kind: 'version', version: '1' } as const;

describe('refusal', () => {
  it('does not know a model', () => {
    expect(modelNotFound('m')).toMatchObject({ code: 'model_not_found', message: "Request for unknown model: 'm' is not found" });
  });

  it('does not know a version', () => {
    expect(refusal('m', { kind: 'version', version: '9' }, [status('1', 'ready')])).toMatchObject({
      code: 'model_not_found',
      message: "Request for unknown model: 'm' version 9 is not found",
    });
  });

  it.each([
    ['new', 'loading'],
    ['loading', 'loading'],
    ['draining', 'draining'],
    ['unloading', 'unloading'],
  ] as const)('asks to come back soon for a version that is %s', (state, shown) => {
    const error = refusal('m', VERSION_1, [status('1', state)]);
    expect(error.message).toBe(`Request for unknown model: 'm' version 1 is not at ready state, it is ${shown}`);
    expect([error.code, error.retryAfterMs]).toEqual(['model_not_ready', 1_000]);
  });

  it('asks to come back late for a version that failed', () => {
    const error = refusal('m', VERSION_1, [status('1', 'failed')]);
    expect(error.message).toContain("'m' version 1 is not at ready state, it is failed");
    expect([error.code, error.retryAfterMs]).toEqual(['model_not_ready', 30_000]);
  });

  it.each([[[]], [[status('1', 'failed'), status('2', 'failed')]]])('has no available versions', (versions) => {
    expect(refusal('m', NEWEST, versions)).toMatchObject({
      code: 'model_not_found',
      message: "Request for unknown model: 'm' has no available versions",
    });
  });

  it('tells which version is on its way', () => {
    const error = refusal('m', NEWEST, [status('1', 'draining'), status('2', 'new'), status('3', 'failed')]);
    expect(error.message).toBe("Request for unknown model: 'm' is not at ready state, version 2 is loading");
    expect([error.code, error.retryAfterMs]).toEqual(['model_not_ready', 1_000]);
  });

  it('knows no alias', () => {
    expect(refusal('m', { kind: 'alias', alias: 'stable' }, [status('1', 'ready')])).toMatchObject({
      code: 'model_not_found',
      message: expect.stringContaining("alias 'stable'"),
    });
  });
});
