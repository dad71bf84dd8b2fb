import { compareVersions } from '../model/id.js';
import type { VersionPolicy } from '../model/spec.js';

/** The versions that the policy wants of those that exist, ascending. Named versions that do not exist are left out. */
export function selectVersions(existing: readonly string[], policy: VersionPolicy): string[] {
  const ascending = [...new Set(existing)].sort(compareVersions);
  switch (policy.kind) {
    case 'all':
      return ascending;
    case 'latest':
      return policy.count > 0 ? ascending.slice(-policy.count) : [];
    case 'specific':
      return ascending.filter((version) => policy.versions.includes(version));
  }
}

export function formatVersionPolicy(policy: VersionPolicy): string {
  switch (policy.kind) {
    case 'all':
      return 'all';
    case 'latest':
      return `latest ${policy.count}`;
    case 'specific':
      return `specific [${policy.versions.slice(0, 8).join(',')}]`;
  }
}
