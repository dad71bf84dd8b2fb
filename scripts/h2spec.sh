#!/usr/bin/env bash
# h2spec, the conformance suite of HTTP/2 and HPACK, in its strict mode against fresh servers of build/, plain and with TLS. It is built by Go into build/tools;
# with the argument --build, nothing else is done.
set -euo pipefail
cd "$(dirname "$0")/.."

# The last version that Go installs by its name: later ones call themselves a module that has no version 2. They have the same 146 cases.
version=v2.2.1+incompatible
expected='146 tests, 146 passed, 0 skipped, 0 failed'
build=${H2SPEC_BUILD:-build}
tls=test/fixtures/tls
h2spec=$build/tools/h2spec
log=$build/tools/h2spec-server.log
server=

fail() {
  echo "h2spec: $*" >&2
  exit 1
}

stop() {
  [[ $server ]] || return 0
  kill -TERM "$server" 2> /dev/null || true
  wait "$server" || fail "the server has not stopped with 0"
  server=
}
trap '[[ -z $server ]] || kill "$server" 2> /dev/null' EXIT

# Starts a server and sets `host` and `port` to where it listens, which the ready line of its log says.
start() { # flags...
  # Or the line of the server before is read.
  : > "$log"
  node "$build/src/main.js" serve --transport native --model-repository examples/models --model-control-mode explicit --load-model identity \
    --grpc-port 0 --admin-port 0 "$@" 2> "$log" &
  server=$!
  local address=
  for _ in {1..200}; do
    address=$(sed -nE 's/.*"grpc":"([^"]+)".*/\1/p' "$log" | head -n 1)
    [[ $address ]] && break
    kill -0 "$server" 2> /dev/null || break
    sleep 0.1
  done
  if [[ -z $address ]]; then
    tail "$log" >&2
    fail "the server has not started"
  fi
  host=${address%:*}
  port=${address##*:}
}

# All cases once, with what failed and the counts.
run() { # what, flags of h2spec...
  local what=$1 output=$build/tools/h2spec.txt
  shift
  "$h2spec" --strict --host "$host" --port "$port" "$@" > "$output" 2>&1 || true
  if grep -qFx "$expected" "$output"; then
    echo "h2spec, $what: $expected"
    return
  fi
  sed -n '/^Failures:/,$p' "$output" >&2
  fail "$what: $(grep -E '^[0-9]+ tests, ' "$output" || tail -n 1 "$output"), where it should be $expected"
}

mkdir -p "$build/tools"
if [[ ! -x $h2spec ]]; then
  command -v go > /dev/null || fail "there is no go: h2spec $version is built by Go"
  GOBIN=$(cd "$build/tools" && pwd) go install "github.com/summerwind/h2spec/cmd/h2spec@$version" || fail "cannot build h2spec $version"
fi

if [[ ${1:-} == --build ]]; then exit; fi

start
run plain
stop
start --tls-cert-file "$tls/server.crt" --tls-key-file "$tls/server.key"
run TLS -t -k
stop
