import type { VersionStateKind } from './state.js';

/** What the decision to retire is made from. */
export interface Candidate {
  readonly aspired: boolean;
  readonly state: VersionStateKind;
}

/**
 * The versions of one model that should leave now. Availability first: a ready version that is no longer aspired stays until one
 * that is aspired is ready, or none is aspired any more. So a newer version loads before the older one leaves, and one that fails to
 * load costs nothing. Versions that are leaving already are left alone.
 */
export function versionsToRetire<C extends Candidate>(versions: readonly C[]): C[] {
  const replaced = versions.some(({ aspired, state }) => aspired && state === 'ready') || !versions.some(({ aspired }) => aspired);
  return versions.filter(({ aspired, state }) => !aspired && mayLeave(state, replaced));
}

function mayLeave(state: VersionStateKind, replaced: boolean): boolean {
  switch (state) {
    case 'new':
    case 'loading':
    case 'failed':
      return true;
    case 'ready':
      return replaced;
    case 'draining':
    case 'unloading':
    case 'gone':
      return false;
  }
}
