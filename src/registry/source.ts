import type { ServingError } from '../error/serving-error.js';
import type { ModelSource } from '../model/source.js';
import type { ModelSettings } from '../model/spec.js';

/** One model as a source wants it served: the versions to have ready, or why it cannot be served at all. */
export type AspiredModel =
  | { readonly model: string; readonly settings: ModelSettings; readonly versions: readonly ModelSource[] }
  | { readonly model: string; readonly error: ServingError };

/** Knows which models and versions there should be. What it finds goes to `Registry.aspire`. */
export interface Source {
  /** Everything that is aspired now, each model once. Rejects only where nothing can be said at all (no such repository). */
  aspired(signal: AbortSignal): Promise<readonly AspiredModel[]>;
  /** The names of all models that there are, each once, ascending; nothing of them is read. Rejects like `aspired`. */
  names(signal: AbortSignal): Promise<readonly string[]>;
  /** One model as it is now; undefined where there is none of that name. Rejects like `aspired`. */
  find(model: string, signal: AbortSignal): Promise<AspiredModel | undefined>;
}
