import type { ModelSettings } from './spec.js';

/** Keeps a directory that is no repository's: it stays as long as somebody holds it. */
export interface DirectoryOwner {
  /** Holds it until the returned function is called; calling that again changes nothing. */
  hold(): () => void;
}

/** One model version as a source announces it: where it lies and what its config.pbtxt says. */
export interface ModelSource {
  readonly model: string;
  readonly version: string;
  /** Absolute path of the version's directory. */
  readonly directory: string;
  readonly settings: ModelSettings;
  /** Absent where the directory is a repository's. */
  readonly owner?: DirectoryOwner | undefined;
}
