import { formatVersionId, type VersionId } from '../model/id.js';

let made = 0;

/** A name that no other instance of this process has or had. */
export function nextInstanceId(version: VersionId): string {
  made += 1;
  return `${formatVersionId(version)}#${made}`;
}
