#!/usr/bin/env bash
# Runs every test, counts the lines that ran in any process or thread (V8's own coverage, merged by c8), and checks that the tests named in the docs ran.
# Arguments go to jest, e.g. scripts/test.sh build/test/unit/batching
set -euo pipefail
cd "$(dirname "$0")/.."

rm -rf coverage && mkdir coverage
export NODE_V8_COVERAGE="$PWD/coverage/v8"
node --experimental-vm-modules --disable-warning=ExperimentalWarning node_modules/jest/bin/jest.js \
  --json --outputFile=coverage/jest.json "$@" 2>&1 | tee coverage.log
unset NODE_V8_COVERAGE
if [ $# -eq 0 ]; then
  node scripts/coverage.mjs
  node scripts/compatibility.mjs coverage/jest.json
fi
# The closing line says how many tests ran.
passed=$(grep -E '^Tests:' coverage.log | grep -oE '[0-9]+ passed' || echo '0 passed')
rm -f coverage.log
echo "tests: $passed, 0 failed"
