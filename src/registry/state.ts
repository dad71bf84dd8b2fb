import type { ServingError } from '../error/serving-error.js';

/** Where one version is in its life. Only `ready` lends its servable; `gone` and `failed` hold none. */
export type VersionState<S> =
  | { readonly kind: 'new' }
  | { readonly kind: 'loading' }
  | { readonly kind: 'ready'; readonly servable: S }
  | { readonly kind: 'draining'; readonly servable: S }
  | { readonly kind: 'unloading' }
  | { readonly kind: 'gone' }
  | { readonly kind: 'failed'; readonly error: ServingError; readonly retryAt?: number };

export type VersionStateKind = VersionState<unknown>['kind'];

export type VersionEvent<S> =
  /** Its turn to load has come. */
  | { readonly kind: 'load' }
  | { readonly kind: 'loaded'; readonly servable: S }
  /** It is no longer aspired. */
  | { readonly kind: 'retire' }
  /** Its last handle is back and its work is done. */
  | { readonly kind: 'drained' }
  /** Nothing of it is left. */
  | { readonly kind: 'closed' }
  | { readonly kind: 'fail'; readonly error: ServingError; readonly retryAt?: number };

export type VersionEventKind = VersionEvent<unknown>['kind'];

/**
 * `new → loading → ready → draining → unloading → gone`, with short cuts for a version that is given up before it was ready (a load
 * under way is unloading until it has ended, since only then is there something to close), and `failed` from wherever it lives.
 */
export const TRANSITIONS = {
  new: { load: 'loading', retire: 'gone', fail: 'failed' },
  loading: { loaded: 'ready', retire: 'unloading', fail: 'failed' },
  ready: { retire: 'draining', fail: 'failed' },
  draining: { drained: 'unloading', fail: 'failed' },
  unloading: { closed: 'gone', fail: 'failed' },
  gone: {},
  failed: { retire: 'gone' },
} as const satisfies Record<VersionStateKind, Partial<Record<VersionEventKind, VersionStateKind>>>;

/** The state behind an event. Throws RangeError where the table has no such transition: that is a bug of the caller's. */
export function transition<S>(state: VersionState<S>, event: VersionEvent<S>): VersionState<S> {
  const row: Partial<Record<VersionEventKind, VersionStateKind>> = TRANSITIONS[state.kind];
  if (row[event.kind] === undefined) throw new RangeError(`a version that is ${state.kind} cannot ${event.kind}`);
  switch (event.kind) {
    case 'load':
      return { kind: 'loading' };
    case 'loaded':
      return { kind: 'ready', servable: event.servable };
    case 'retire':
      return retired(state);
    case 'drained':
      return { kind: 'unloading' };
    case 'closed':
      return { kind: 'gone' };
    case 'fail':
      return { ...event, kind: 'failed' };
  }
}

function retired<S>(state: VersionState<S>): VersionState<S> {
  if (state.kind === 'ready') return { kind: 'draining', servable: state.servable };
  return { kind: state.kind === 'loading' ? 'unloading' : 'gone' };
}
