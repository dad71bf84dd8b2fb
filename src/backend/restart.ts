/** How patiently instances are replaced. */
export interface RestartPolicy {
  /** Never less between the starts of two creations. */
  readonly minSpacingMs: number;
  /** After creations that failed: the model may be gone for good, so the wait grows long. */
  readonly afterFailure: BackOff;
  /** After instances that broke young: a request that kills its worker must not cost the others the model for long. */
  readonly afterBreak: BackOff;
  /** An instance that lived this long was well: what comes after it starts from nothing. */
  readonly healthyMs: number;
}

export interface BackOff {
  readonly firstMs: number;
  readonly capMs: number;
}

/** 100 ms between creations are ten a second; a second after repeated breaks keeps a broken instance's place filled again within two. */
export const DEFAULT_RESTART_POLICY: RestartPolicy = {
  minSpacingMs: 100,
  afterFailure: { firstMs: 200, capMs: 30_000 },
  afterBreak: { firstMs: 100, capMs: 1_000 },
  healthyMs: 10_000,
};

/** What the next delay depends on. */
export interface RestartState {
  /** Creations that failed since the last one that succeeded. */
  readonly failures: number;
  /** Instances that broke since one of them had lived for `healthyMs`. */
  readonly breaks: number;
  readonly lastCreateAt: number | undefined;
}

export const NEVER_RESTARTED: RestartState = { failures: 0, breaks: 0, lastCreateAt: undefined };

export type RestartEvent =
  | { readonly kind: 'create_started'; readonly now: number }
  | { readonly kind: 'create_failed' }
  | { readonly kind: 'created' }
  | { readonly kind: 'broke'; readonly livedMs: number };

export function afterRestartEvent(state: RestartState, event: RestartEvent, policy: RestartPolicy): RestartState {
  switch (event.kind) {
    case 'create_started':
      return { ...state, lastCreateAt: event.now };
    case 'create_failed':
      return { ...state, failures: state.failures + 1 };
    case 'created':
      return { ...state, failures: 0 };
    case 'broke':
      return { ...state, breaks: event.livedMs >= policy.healthyMs ? 1 : state.breaks + 1 };
  }
}

/**
 * How long to wait, from `now` on, before the next creation. `jitter` in [0, 1) spreads the wait over the upper half of
 * its span. The first instance that breaks is replaced as soon as the spacing allows.
 */
export function nextDelayMs(state: RestartState, now: number, jitter: number, policy: RestartPolicy): number {
  const backOffMs = Math.max(grow(policy.afterFailure, state.failures), grow(policy.afterBreak, state.breaks - 1));
  const spacingMs = state.lastCreateAt === undefined ? 0 : state.lastCreateAt + policy.minSpacingMs - now;
  return Math.max(0, spacingMs, backOffMs * (0.5 + jitter / 2));
}

function grow({ firstMs, capMs }: BackOff, times: number): number {
  return times <= 0 ? 0 : Math.min(capMs, firstMs * 2 ** (times - 1));
}
