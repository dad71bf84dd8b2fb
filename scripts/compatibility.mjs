/**
 * Checks that each test named in docs/reference/triton-compatibility.md is there, ran and passed. Its one argument is jest's report of the whole run
 * (--json --outputFile). Titles of tables may have %s or $name in them.
 */
import { readFileSync } from 'node:fs';
import { relative } from 'node:path';
import { fileURLToPath } from 'node:url';

const [, , reportFile = ''] = process.argv;
const root = fileURLToPath(new URL('../', import.meta.url));
const report = JSON.parse(readFileSync(reportFile, 'utf8'));
const page = readFileSync(`${root}docs/reference/triton-compatibility.md`, 'utf8');

/** The tests of each file, by its path under test/ without the ending. */
const tests = new Map(
  report.testResults.map(({ name, assertionResults }) => [
    relative(`${root}build/test`, name).replace(/\.test\.js$/, ''),
    assertionResults,
  ]),
);

function pattern(title) {
  const parts = title.split(/%[a-zA-Z]|\$[a-zA-Z.]+/).map((part) => part.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&'));
  return new RegExp(`^${parts.join('.+')}$`, 's');
}

function problemOf(reference) {
  const [file, title] = reference.split(' › ');
  const matching = (tests.get(file) ?? []).filter((test) => pattern(title).test(test.title));
  if (matching.length === 0) return 'no such test ran';
  return matching.every(({ status }) => status === 'passed') ? undefined : 'did not pass';
}

const references = new Set(Array.from(page.matchAll(/\| ([a-z][a-z0-9/-]+ › .+?) +\|$/gm), ([, reference]) => reference.trim()));
const problems = Array.from(references, (reference) => [reference, problemOf(reference)]).filter(([, problem]) => problem !== undefined);
for (const [reference, problem] of problems) console.error(`triton-compatibility.md: ${problem}: ${reference}`);
console.log(`triton-compatibility.md: ${references.size} tests named, ${references.size - problems.length} ran and passed`);
if (problems.length > 0 || references.size < 30) process.exitCode = 1;
