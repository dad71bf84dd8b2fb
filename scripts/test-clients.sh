#!/usr/bin/env bash
# Triton's own Python client against fresh servers of build/, one of each transport, or of the one that MILLRACE_TRANSPORT names.
# Its packages go into build/clients-venv. Arguments: words that the names of the wanted tests contain; without any, all tests run.
set -euo pipefail
cd "$(dirname "$0")/.."

fail() {
  echo "test-clients: $*" >&2
  exit 1
}

command -v python3 > /dev/null || fail "there is no python3: Triton's client needs Python 3.11 or newer"
python3 -c 'import sys; sys.exit(sys.version_info < (3, 11))' ||
  fail "$(python3 --version) is too old: Triton's client needs Python 3.11 or newer"
python3 -c 'import ensurepip, venv' 2> /dev/null || fail "python3 cannot make virtual environments: install its venv module (python3-venv)"

requirements=test/clients/requirements.txt
environment=${TEST_CLIENTS_ENVIRONMENT:-build/clients-venv}
# An environment that was made of anything else is made anew.
made_of=$(python3 --version; cat "$requirements")
if [[ $(cat "$environment/made-of" 2> /dev/null) != "$made_of" ]]; then
  rm -rf "$environment"
  python3 -m venv "$environment"
  "$environment/bin/python" -m pip install --quiet --disable-pip-version-check -r "$requirements" || fail "cannot install $requirements"
  "$environment/bin/python" -m pip check --disable-pip-version-check
  echo "$made_of" > "$environment/made-of"
fi

read -ra transports <<< "${MILLRACE_TRANSPORT:-grpc-js native}"
right=true
for transport in "${transports[@]}"; do
  "$environment/bin/python" -B test/clients/main.py "${TEST_CLIENTS_BUILD:-build}/src/main.js" "$transport" "$@" || right=false
done
$right
