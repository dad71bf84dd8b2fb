import type { VersionStateKind } from './state.js';

/** What the decision to retire is made from. */
export interface Candidate {
  readonly id: { readonly version: string };
  readonly aspired: boolean;
  readonly state: VersionStateKind;
}

/**
 * The versions of one model that should leave now. Availability first: a ready version that is no longer aspired stays until one
 * that is aspired is ready, or none is aspired any more. So a newer version loads before the older one leaves, and one that fails to
 * load costs nothing. One that is made anew under its own number waits for that successor alone. Versions that are leaving already are
 * left alone.
 */
export function versionsToRetire<C extends Candidate>(versions: readonly C[]): C[] {
  const wanted = versions.filter(({ aspired }) => aspired);
  return versions.filter((version) => !version.aspired && mayLeave(version.state, isReplaced(version, wanted)));
}

function isReplaced({ id }: Candidate, wanted: readonly Candidate[]): boolean {
  const successors = wanted.filter((other) => other.id.version === id.version);
  const awaited = successors.length > 0 ? successors : wanted;
  return awaited.length === 0 || awaited.some(({ state }) => state === 'ready');
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
