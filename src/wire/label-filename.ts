import { quote } from '../error/quote.js';
import type { ModelOutput } from '../gen/inference/model_config.js';

/** The author's label file of an output; undefined where there is none. Throws where its name leads out of the model's directory. */
export function parseLabelFilename({ name, labelFilename }: ModelOutput): string | undefined {
  if (labelFilename === '') return undefined;
  if (/^\/|\\|\0/.test(labelFilename) || labelFilename.split('/').includes('..')) {
    throw new Error(`output ${quote(name)} has label_filename ${quote(labelFilename)}, expected a file in the model's directory`);
  }
  return labelFilename;
}
