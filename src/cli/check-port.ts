import type { CHECK_OPTIONS } from '../config/check-options.js';
import type { ValuesOf } from '../config/options.js';
import type { ModelSpec } from '../model/spec.js';

/** What became of one version of one model. */
export type CheckedModel =
  | {
      readonly state: 'ready';
      readonly model: string;
      readonly version: string;
      readonly spec: ModelSpec;
      /** Fields of its config that have no effect here, each in a sentence. */
      readonly warnings: readonly string[];
    }
  | { readonly state: 'failed'; readonly model: string; readonly version: string | undefined; readonly reason: string };

export type CheckOptions = ValuesOf<typeof CHECK_OPTIONS>;

/**
 * Loads every model of the directories, as `serve` would, and unloads it. Resolves once `onModel` was told of each: with `stuck` where a worker
 * is still inside the runtime, so that the process can only be killed.
 */
export type CheckRepository = (
  directories: readonly string[],
  options: CheckOptions,
  onModel: (checked: CheckedModel) => void,
  signal: AbortSignal,
) => Promise<'unloaded' | 'stuck'>;
