import { dirname } from 'node:path';
import { quote } from '../error/quote.js';
import { ServingError } from '../error/serving-error.js';
import type { ModelSource } from '../model/source.js';
import type { ModelSpec } from '../model/spec.js';
import { FileProblem, readModelFile } from './model-file.js';

/** Far beyond any list of classes. */
const MAX_LABEL_BYTES = 16 * 1024 * 1024;

/** The lines of each output's label file, by the output's name. Rejects with `load_failed`, whose message holds no path of the host. */
export async function readLabels(source: ModelSource, signal: AbortSignal): Promise<ReadonlyMap<string, readonly string[]>> {
  const { model, directory, settings } = source;
  const labels = new Map<string, readonly string[]>();
  for (const { name, labelFilename } of settings.outputs) {
    if (labelFilename === undefined) continue;
    try {
      const content = await readModelFile(dirname(directory), labelFilename, MAX_LABEL_BYTES, signal);
      labels.set(name, splitLines(decode(content)));
    } catch (error) {
      if (!(error instanceof FileProblem)) throw error;
      const text = `model ${quote(model)}: label file ${quote(labelFilename)} of output ${quote(name)} ${error.message}`;
      throw new ServingError('load_failed', text, undefined, error);
    }
  }
  return labels;
}

/** The same description with the labels at their outputs. */
export function addLabels(spec: ModelSpec, labels: ReadonlyMap<string, readonly string[]>): ModelSpec {
  const outputs = spec.outputs.map((output) => Object.freeze({ ...output, labels: labels.get(output.name) }));
  return Object.freeze({ ...spec, outputs: Object.freeze(outputs) });
}

function decode(bytes: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    throw new FileProblem('is not UTF-8 text');
  }
}

/** What follows the last line's end is no line of its own. */
function splitLines(text: string): readonly string[] {
  const lines = text.split(/\r?\n/);
  if (lines.at(-1) === '') lines.pop();
  return Object.freeze(lines);
}
