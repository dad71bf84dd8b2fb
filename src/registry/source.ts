import type { ServingError } from '../error/serving-error.js';
import type { LoadOverrides } from '../model/load-overrides.js';
import type { ModelSource } from '../model/source.js';
import type { ModelSettings } from '../model/spec.js';

/** One model as a source wants it served: the versions to have ready, or why it cannot be served at all. */
export type AspiredModel = LoadableModel | { readonly model: string; readonly error: ServingError };

export interface LoadableModel {
  readonly model: string;
  readonly settings: ModelSettings;
  readonly versions: readonly ModelSource[];
}

/** Knows which models and versions there should be. What it finds goes to `Registry.aspire`. */
export interface Source {
  /** Everything that is aspired now, each model once. Rejects only where nothing can be said at all (no such repository). */
  aspired(signal: AbortSignal): Promise<readonly AspiredModel[]>;
  /** The names of all models that there are, each once, ascending; nothing of them is read. Rejects like `aspired`. */
  names(signal: AbortSignal): Promise<readonly string[]>;
  /** One model as it is now; undefined where there is none of that name. Rejects like `aspired`. */
  find(model: string, signal: AbortSignal): Promise<AspiredModel | undefined>;
}

/** Knows a model as a caller wants it loaded, other than its source has it. */
export interface Overrides {
  /**
   * The model with `overrides`; undefined where files are to be found in a repository and none has it. Rejects with `invalid_request` for paths
   * that lead elsewhere, with `backend_failed` where the files cannot be stored, and like `Source.find`.
   */
  override(model: string, overrides: LoadOverrides, signal: AbortSignal): Promise<OverriddenModel | undefined>;
}

/** Dispose of it once the registry has it: its files then stay as long as a version that was made of them. */
export interface OverriddenModel extends AsyncDisposable {
  readonly aspired: AspiredModel;
}
