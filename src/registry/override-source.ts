import { quote } from '../error/quote.js';
import { ServingError } from '../error/serving-error.js';
import type { LoadOverrides } from '../model/load-overrides.js';
import type { ModelSettings } from '../model/spec.js';
import type { FilesystemSource } from './filesystem-source.js';
import { codeOf, readModelDirectory } from './model-directory.js';
import type { OverrideDirectories, OverrideDirectory } from './override-directory.js';
import { assertOverridePaths } from './override-path.js';
import type { AspiredModel, OverriddenModel, Overrides } from './source.js';

export interface OverrideSourceOptions {
  readonly repositories: Pick<FilesystemSource, 'findWith'>;
  readonly directories: OverrideDirectories;
  /** Reads a config that was sent in place of a config.pbtxt. Throws a ServingError fit for the caller. */
  readonly parseConfig: (json: string, model: string) => ModelSettings;
}

/** Models with the config that a caller sent, and with the files that he sent, else those of their repository. */
export class OverrideSource implements Overrides {
  readonly #options: OverrideSourceOptions;

  constructor(options: OverrideSourceOptions) {
    this.#options = options;
  }

  async override(model: string, { config, files }: LoadOverrides, signal: AbortSignal): Promise<OverriddenModel | undefined> {
    signal.throwIfAborted();
    assertOverridePaths(model, [...files.keys()]);
    const settings = attempt(() => this.#options.parseConfig(config, model));
    if (settings instanceof ServingError) return inNoDirectory({ model, error: settings });
    if (files.size > 0) return this.#overrideFiles(model, settings, files);
    const aspired = await this.#options.repositories.findWith(model, settings, signal);
    return aspired && inNoDirectory(aspired);
  }

  async #overrideFiles(model: string, settings: ModelSettings, files: ReadonlyMap<string, Uint8Array>): Promise<OverriddenModel> {
    const directory = await this.#store(model, files);
    const aspired = await readModelDirectory(model, directory.path, settings, directory).catch((error: unknown) => ({
      model,
      error: ServingError.from(error),
    }));
    return { aspired, [Symbol.asyncDispose]: () => directory[Symbol.asyncDispose]() };
  }

  async #store(model: string, files: ReadonlyMap<string, Uint8Array>): Promise<OverrideDirectory> {
    try {
      return await this.#options.directories.create(files);
    } catch (error) {
      if (error instanceof ServingError) throw error;
      const problem = `failed to load ${quote(model)}: its override files cannot be stored (${codeOf(error)})`;
      throw new ServingError('backend_failed', problem, undefined, error);
    }
  }
}

function inNoDirectory(aspired: AspiredModel): OverriddenModel {
  return { aspired, [Symbol.asyncDispose]: () => Promise.resolve() };
}

function attempt<T>(work: () => T): T | ServingError {
  try {
    return work();
  } catch (error) {
    return ServingError.from(error);
  }
}
