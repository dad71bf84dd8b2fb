import { existsSync, linkSync, mkdirSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { BENCH_MODELS, type BenchModel, type BenchModelName, type BenchTensor } from './bench-models.js';

/** Rows that a batch has at most where there is batching. */
export const MAX_BATCH_SIZE = 32;

const ROOT = fileURLToPath(new URL('../../bench-models', import.meta.url));

/** Repositories in Triton's layout: of the same models, with batches and with at most one row. */
export const REPOSITORIES = { batching: join(ROOT, 'batching'), single: join(ROOT, 'single') } as const;

export type RepositoryName = keyof typeof REPOSITORIES;

/** Writes what is not there yet of the named models. A changed model takes `make clean`, or another name. */
export function writeRepositories(names: readonly BenchModelName[]): void {
  for (const name of names) {
    const model: BenchModel = BENCH_MODELS[name];
    const first = writeModel('batching', name, model, MAX_BATCH_SIZE, (file) => writeOnce(file, model.build));
    writeModel('single', name, model, 1, (file) => existsSync(file) || !existsSync(first) || linkSync(first, file));
  }
}

function writeModel(
  repository: RepositoryName,
  name: string,
  model: BenchModel,
  maxBatchSize: number,
  place: (file: string) => unknown,
): string {
  return writeModelAt(join(REPOSITORIES[repository], name), name, model, maxBatchSize, place);
}

function writeModelAt(directory: string, name: string, model: BenchModel, maxBatchSize: number, place: (file: string) => unknown): string {
  mkdirSync(join(directory, '1'), { recursive: true });
  writeFileSync(join(directory, 'config.pbtxt'), configOf(name, model, maxBatchSize));
  const file = join(directory, '1', 'model.onnx');
  place(file);
  return file;
}

/** A file of that name is a whole one. */
function writeOnce(file: string, build: BenchModel['build']): void {
  if (build === undefined || existsSync(file)) return;
  writeFileSync(`${file}.part`, build());
  renameSync(`${file}.part`, file);
}

/** Writes as many copies of a model, "<name>_<number>", that share its file, into a repository of their own. Every config.pbtxt has the parameters. */
export function writeCopies(
  repository: string,
  name: BenchModelName,
  count: number,
  parameters: Readonly<Record<string, string>> = {},
): readonly string[] {
  writeRepositories([name]);
  const original: BenchModel = BENCH_MODELS[name];
  const model = { ...original, parameters: { ...original.parameters, ...parameters } };
  const file = join(REPOSITORIES.batching, name, '1', 'model.onnx');
  return Array.from({ length: count }, (_, at) => {
    const copy = `${name}_${at + 1}`;
    writeModelAt(join(ROOT, repository, copy), copy, model, MAX_BATCH_SIZE, (place) => existsSync(place) || linkSync(file, place));
    return copy;
  });
}

/** The directory of a repository that is not one of REPOSITORIES. */
export function repositoryPath(repository: string): string {
  return join(ROOT, repository);
}

function configOf(name: string, { backend, input, output, parameters = {} }: BenchModel, maxBatchSize: number): string {
  return [
    `name: "${name}"`,
    `backend: "${backend}"`,
    `max_batch_size: ${maxBatchSize}`,
    `input [ ${tensor(input)} ]`,
    `output [ ${tensor(output)} ]`,
    'instance_group [ { count: 1 kind: KIND_CPU } ]',
    ...Object.entries(parameters).map(([key, value]) => `parameters { key: "${key}" value: { string_value: "${value}" } }`),
    '',
  ].join('\n');
}

function tensor({ name, datatype, dims }: BenchTensor): string {
  return `{ name: "${name}" data_type: TYPE_${datatype} dims: [ ${dims.join(', ')} ] }`;
}
