/** A place in the runtime's sources, with the function that follows it: "/…/graph.cc:123 void onnxruntime::Graph::Resolve(…)". */
const SOURCE_PLACE = /[^\s:]*\.(?:cc|h|cpp):\d+\s+(?:[\w:<>~&*, ]*::[\w~]+\([^)]*\)(?:\s*const)?\s*)?/g;
/** Where a location in the model file leads on this host. */
const RESOLVED_PATH = /,? (?:resolved path|allowed directory): "[^"]*"/g;
const LOAD_PREFIX = /^(?:Load model from \S* ?failed: ?)+/i;

/** What the runtime said of a model file, fit for an operator: without the host's directories and without places in its sources. */
export function cleanRuntimeText(text: string, directories: readonly string[]): string {
  let clean = text.replace(RESOLVED_PATH, '');
  for (const directory of directories) clean = clean.replaceAll(`${directory}/`, '').replaceAll(directory, 'the version directory');
  return clean.replace(LOAD_PREFIX, '').replace(SOURCE_PLACE, '').replace(/\s+/g, ' ').trim();
}
