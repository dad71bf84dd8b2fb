import { Skip } from '../check.js';
import type { Ground } from '../ground.js';
import type { ModelMetadata } from '../messages.js';

/** Names that no server has. */
export const UNKNOWN_MODEL = 'oip_conformance_no_such_model';
export const UNKNOWN_VERSION = '987654';

/** Metadata of the models that have any; skips the check where none has. */
export function describedModels({ models }: Ground): readonly ModelMetadata[] {
  const described = models.flatMap(({ metadata }) => (metadata.ok ? [metadata.message] : []));
  if (described.length === 0) throw new Skip('no model was given by --model or listed by RepositoryIndex that ModelMetadata knows');
  return described;
}
