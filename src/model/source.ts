import type { ModelSettings } from './spec.js';

/** One model version as a source announces it: where it lies and what its config.pbtxt says. */
export interface ModelSource {
  readonly model: string;
  readonly version: string;
  /** Absolute path of the version's directory. */
  readonly directory: string;
  readonly settings: ModelSettings;
}
