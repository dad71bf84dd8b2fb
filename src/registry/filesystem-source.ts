import { readFile, realpath } from 'node:fs/promises';
import { join } from 'node:path';
import { ServingError } from '../error/serving-error.js';
import type { ModelSettings } from '../model/spec.js';
import { codeOf, listDirectories, loadFailed, readModelDirectory } from './model-directory.js';
import type { AspiredModel, Source } from './source.js';

const CONFIG_FILE = 'config.pbtxt';

export interface FilesystemSourceOptions {
  /** Model repositories, as the operator wrote them. */
  readonly repositories: readonly string[];
  /** Reads the text of a model's config.pbtxt. Throws a ServingError fit for an operator. */
  readonly parseSettings: (text: string, model: string) => ModelSettings;
  /** What rules for a model without config.pbtxt. */
  readonly defaultSettings: (model: string) => ModelSettings;
}

/** A model repository cannot be read at all. Its message is for the operator and holds the path. */
export class RepositoryError extends Error {
  override readonly name = 'RepositoryError';
  readonly repository: string;

  constructor(repository: string, problem: string, cause: unknown) {
    super(`model repository '${repository}' ${problem}`, { cause });
    this.repository = repository;
  }
}

/** One model's directory. */
interface ModelDirectory {
  readonly model: string;
  readonly path: string;
}

/**
 * `<repository>/<model>/[config.pbtxt]/<version>/`, in one or more repositories. Hidden entries, plain files and directories that are
 * not named like a version are none of its business. Links are followed.
 */
export class FilesystemSource implements Source {
  readonly #options: FilesystemSourceOptions;

  constructor(options: FilesystemSourceOptions) {
    this.#options = options;
  }

  /** Rejects with RepositoryError where a repository is missing or no directory; a model's own problem is told as that model's. */
  async aspired(signal: AbortSignal): Promise<readonly AspiredModel[]> {
    signal.throwIfAborted();
    const directories = await this.#modelDirectories();
    const models: AspiredModel[] = [];
    for (const [model, paths] of directories) {
      signal.throwIfAborted();
      models.push(await this.#aspiredModel(model, paths));
    }
    return models;
  }

  async names(signal: AbortSignal): Promise<readonly string[]> {
    signal.throwIfAborted();
    return [...(await this.#modelDirectories()).keys()];
  }

  /** Only names that a repository lists are ever looked into, so that no name leads out of it. */
  async find(model: string, signal: AbortSignal): Promise<AspiredModel | undefined> {
    signal.throwIfAborted();
    const paths = (await this.#modelDirectories()).get(model);
    return paths && this.#aspiredModel(model, paths);
  }

  /** The same with `settings` in place of what its directory says. */
  async findWith(model: string, settings: ModelSettings, signal: AbortSignal): Promise<AspiredModel | undefined> {
    signal.throwIfAborted();
    const paths = (await this.#modelDirectories()).get(model);
    return paths && this.#aspiredModel(model, paths, settings);
  }

  /** By name; a repository that is named twice counts once. */
  async #modelDirectories(): Promise<ReadonlyMap<string, readonly string[]>> {
    const repositories = new Map<string, readonly ModelDirectory[]>();
    for (const repository of this.#options.repositories) {
      const { path, models } = await readRepository(repository);
      repositories.set(path, models);
    }
    const found = [...repositories.values()].flat();
    found.sort((a, b) => (a.model < b.model ? -1 : 1));
    const pathsByModel = new Map<string, string[]>();
    for (const { model, path } of found) pathsByModel.set(model, [...(pathsByModel.get(model) ?? []), path]);
    return pathsByModel;
  }

  async #aspiredModel(model: string, paths: readonly string[], settings?: ModelSettings): Promise<AspiredModel> {
    const [directory, ...others] = paths;
    try {
      if (directory === undefined || others.length > 0) throw loadFailed(model, `is in ${paths.length} model repositories, expected one`);
      return await readModelDirectory(model, directory, settings ?? (await this.#readSettings(model, directory)));
    } catch (error) {
      return { model, error: ServingError.from(error) };
    }
  }

  async #readSettings(model: string, directory: string): Promise<ModelSettings> {
    const { parseSettings, defaultSettings } = this.#options;
    let text: string;
    try {
      text = await readFile(join(directory, CONFIG_FILE), 'utf8');
    } catch (error) {
      if (codeOf(error) === 'ENOENT') return defaultSettings(model);
      throw loadFailed(model, `has a ${CONFIG_FILE} that cannot be read (${codeOf(error)})`, error);
    }
    return parseSettings(text, model);
  }
}

async function readRepository(repository: string): Promise<{ readonly path: string; readonly models: readonly ModelDirectory[] }> {
  try {
    const path = await realpath(repository);
    const names = await listDirectories(path);
    return { path, models: names.map((model) => ({ model, path: join(path, model) })) };
  } catch (error) {
    throw new RepositoryError(repository, problemOf(error), error);
  }
}

function problemOf(error: unknown): string {
  const code = codeOf(error);
  if (code === 'ENOENT') return 'does not exist';
  return code === 'ENOTDIR' ? 'is not a directory' : `cannot be read (${code})`;
}
