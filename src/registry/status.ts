import type { ServingError } from '../error/serving-error.js';
import type { VersionId } from '../model/id.js';
import type { VersionStateKind } from './state.js';

export interface VersionStatus {
  readonly id: VersionId;
  readonly state: VersionStateKind;
  /** Why it failed; undefined in every other state. */
  readonly reason: ServingError | undefined;
}

export interface ModelStatus {
  readonly model: string;
  /** Why the model as a whole cannot be served as its source now has it; versions loaded earlier may still be ready. */
  readonly reason: ServingError | undefined;
  /** Ascending. A version that leaves while its successor of the same number loads is not listed beside it. */
  readonly versions: readonly VersionStatus[];
}

/** What happened, for logs, metrics and health. Listeners are called after the registry itself has taken note. */
export type RegistryEvent =
  | {
      readonly kind: 'version';
      readonly id: VersionId;
      readonly from: VersionStateKind;
      readonly to: VersionStateKind;
      /** Time spent in `from`. */
      readonly elapsedMs: number;
      /** Present where `to` is `failed`. */
      readonly reason: ServingError | undefined;
    }
  /** The source says that the model cannot be served. */
  | { readonly kind: 'model_failed'; readonly model: string; readonly reason: ServingError }
  /** The model is no longer aspired and its last version has gone. */
  | { readonly kind: 'model_gone'; readonly model: string };
