import { ServingError } from '../error/serving-error.js';

/** Who may change the server's state: `--control-plane`. */
export type ControlAccess = 'local' | 'on' | 'off';

/** Whoever asks for a change. Structurally the peer of grpc/call.ts. */
export interface Requester {
  /** On a loopback address or a unix socket. */
  readonly local: boolean;
}

/** Stands before everything that changes the server's state, on every facade. Throws `permission_denied`. */
export function assertMayControl(access: ControlAccess, requester: Requester): void {
  switch (access) {
    case 'on':
      return;
    case 'local':
      if (requester.local) return;
      throw new ServingError('permission_denied', 'the control plane is open to local callers only (--control-plane local)');
    case 'off':
      throw new ServingError('permission_denied', 'the control plane is switched off (--control-plane off)');
  }
}
