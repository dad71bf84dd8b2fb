import { quote } from '../error/quote.js';

/** Every tag is a label of each of the model's series, which whoever scrapes has to keep. */
const MAX_TAGS = 32;
const MAX_NAME_CHARACTERS = 128;
const MAX_VALUE_CHARACTERS = 512;

/** What follows the underscore that each tag's label begins with: a second one would make it a name that Prometheus keeps for itself. */
const NAME = /^[a-zA-Z0-9][a-zA-Z0-9_]*$/;

/** Reads metric_tags. Throws an Error for what cannot be a label, or is more than a label should be. */
export function parseMetricTags(tags: Readonly<Record<string, string>>): ReadonlyMap<string, string> {
  const entries = Object.entries(tags);
  if (entries.length > MAX_TAGS) throw new Error(`metric_tags has ${entries.length} entries, expected at most ${MAX_TAGS}`);
  for (const [name, value] of entries) {
    if (!NAME.test(name) || name.length > MAX_NAME_CHARACTERS) {
      const expected = `expected at most ${MAX_NAME_CHARACTERS} letters, digits and underscores, no underscore first`;
      throw new Error(`metric_tags has the name ${quote(name)}, ${expected}`);
    }
    if (value.length > MAX_VALUE_CHARACTERS) {
      throw new Error(`metric_tags has a value of ${value.length} characters for ${quote(name)}, expected at most ${MAX_VALUE_CHARACTERS}`);
    }
  }
  return new Map(entries);
}
