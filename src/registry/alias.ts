import { quote } from '../error/quote.js';
import { ServingError } from '../error/serving-error.js';

/** Why an alias leads nowhere: the words are reserved in requests, and no model has any yet. */
export function aliasNotFound(model: string, alias: string): ServingError {
  return new ServingError('model_not_found', `Request for unknown model: ${quote(model)} alias ${quote(alias)} is not found`);
}
