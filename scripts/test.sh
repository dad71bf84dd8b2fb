#!/usr/bin/env bash
# Runs every test, counts the lines that ran in any process or thread (V8's own coverage, merged by c8), and checks that the tests named in the docs ran.
# What asks a server is asked twice: of each transport. Arguments go to jest, for one run on the transport that MILLRACE_TRANSPORT names,
# e.g. scripts/test.sh build/test/unit/batching
set -euo pipefail
cd "$(dirname "$0")/.."

rm -rf coverage && mkdir coverage

# A run of jest whose report is the first argument.
run() {
  report=$1
  shift
  node --experimental-vm-modules --disable-warning=ExperimentalWarning node_modules/jest/bin/jest.js \
    --json --outputFile="coverage/$report.json" "$@" 2>&1 | tee -a coverage/log
}

export NODE_V8_COVERAGE="$PWD/coverage/v8"
if [ $# -gt 0 ]; then
  run jest "$@"
else
  run jest --testPathIgnorePatterns oip-faults
  # transports.test.ts starts a server of each by itself, transport-abuse.test.ts none but native ones.
  MILLRACE_TRANSPORT=grpc-js run jest-grpc-js --testPathIgnorePatterns oip-faults transports.test transport-abuse \
    --testPathPatterns build/test/integration build/test/fault build/test/conformance
  unset NODE_V8_COVERAGE
  # It tests the conformance suite, a program for servers of any kind, with one wrong server after the other: nothing of src/ that is not run above.
  run jest-faults oip-faults
  node scripts/coverage.mjs
  node scripts/compatibility.mjs coverage/jest.json
fi
# The closing line says how many tests ran.
passed=$(sed -nE 's/^Tests:.* ([0-9]+) passed.*/\1/p' coverage/log | awk '{ sum += $1 } END { print sum + 0 }')
echo "tests: $passed passed, 0 failed"
