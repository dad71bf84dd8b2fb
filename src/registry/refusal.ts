import { quote } from '../error/quote.js';
import { ServingError } from '../error/serving-error.js';
import type { VersionReference } from '../model/id.js';
import { aliasNotFound } from './alias.js';
import type { VersionStateKind } from './state.js';
import type { VersionStatus } from './status.js';

/** A load or an unload under way takes seconds: soon enough to be there when it ends, late enough not to hammer. */
const CHANGING_RETRY_MS = 1_000;
/** A failed version comes back only when somebody repairs it. */
const FAILED_RETRY_MS = 30_000;

export function modelNotFound(model: string): ServingError {
  return new ServingError('model_not_found', `Request for unknown model: ${quote(model)} is not found`);
}

/** Why a known model has nothing to lend for `reference`, in the phrases that Triton's clients match on. */
export function refusal(model: string, reference: VersionReference, versions: readonly VersionStatus[]): ServingError {
  switch (reference.kind) {
    case 'alias':
      return aliasNotFound(model, reference.alias);
    case 'version':
      return versionRefusal(model, reference.version, versions);
    case 'newest':
      return newestRefusal(model, versions);
  }
}

function versionRefusal(model: string, version: string, versions: readonly VersionStatus[]): ServingError {
  const named = `Request for unknown model: ${quote(model)} version ${version}`;
  const status = versions.find(({ id }) => id.version === version);
  if (status === undefined || status.state === 'gone') return new ServingError('model_not_found', `${named} is not found`);
  const retryAfterMs = status.state === 'failed' ? FAILED_RETRY_MS : CHANGING_RETRY_MS;
  return new ServingError('model_not_ready', `${named} is not at ready state, it is ${shown(status.state)}`, { retryAfterMs });
}

function newestRefusal(model: string, versions: readonly VersionStatus[]): ServingError {
  const changing = versions.findLast(({ state }) => state !== 'failed' && state !== 'gone');
  if (changing === undefined) {
    return new ServingError('model_not_found', `Request for unknown model: ${quote(model)} has no available versions`);
  }
  const what = `version ${changing.id.version} is ${shown(changing.state)}`;
  return new ServingError('model_not_ready', `Request for unknown model: ${quote(model)} is not at ready state, ${what}`, {
    retryAfterMs: CHANGING_RETRY_MS,
  });
}

/** To a caller a version that waits for its turn is loading like any other. */
function shown(state: VersionStateKind): VersionStateKind {
  return state === 'new' ? 'loading' : state;
}
