#!/usr/bin/env bash
# Clients and proxies of others against fresh servers of build/, plain and with TLS, on the native transport; then gRPC's own interoperability
# cases. What a peer needs and is not there is said, and the peer skipped: the last line counts. What is made goes into build/interop.
# Arguments: names of the wanted peers; without any, all run.
set -uo pipefail
cd "$(dirname "$0")/.."
ulimit -n "$(ulimit -Hn)"

build=${INTEROP_BUILD:-build}
out=$build/interop
tls=test/fixtures/tls
grpc_go=v1.85.0
grpcurl=v1.9.4
triton=/inference.GRPCInferenceService
mkdir -p "$out"
out=$(cd "$out" && pwd)
ca=$PWD/$tls/ca.crt
cases=$out/cases.json
wanted=("$@")
test_port='' test_tls_port=''
passed=() failed=() skipped=() started=()

stop() {
  for pid in "${started[@]}"; do kill "$pid" 2> /dev/null; done
  wait
}
trap stop EXIT

# Starts a program and sets `address` to what its log says behind a marker.
start() { # name, marker, command...
  local log=$out/$1.log marker=$2 pid
  shift 2
  "$@" > "$log" 2>&1 &
  pid=$!
  started+=("$pid")
  for _ in {1..200}; do
    address=$(sed -nE "s/.*$marker([0-9.]+:[0-9]+).*/\1/p" "$log" | head -n 1)
    [[ $address ]] && return
    kill -0 "$pid" 2> /dev/null || break
    sleep 0.1
  done
  echo "interop: a server has not started:" >&2
  tail "$log" >&2
  exit 1
}

# One check of a peer. Its output is kept, and shown where it failed.
check() { # what, command...
  local what=$1 log=$out/check.log
  shift
  if "$@" > "$log" 2>&1; then
    echo "  ok $what"
  else
    echo "  FAILED $what"
    grep -v '^ok ' "$log" | tail -n 20 | sed 's/^/    /'
    right=false
  fi
}

# Runs the function of a peer, unless a program that it needs is missing.
peer() { # name, function, programs...
  local name=$1 function=$2 program
  shift 2
  if ((${#wanted[@]} > 0)) && [[ " ${wanted[*]} " != *" $name "* ]]; then return; fi
  for program in "$@"; do
    if ! command -v "$program" > /dev/null; then
      echo "$name: skipped, there is no $program"
      skipped+=("$name")
      return
    fi
  done
  echo "$name"
  right=true
  "$function"
  if $right; then passed+=("$name"); else failed+=("$name"); fi
}

# The calls of write-cases.ts, plain and with TLS.
both() { # command...
  check 'plain' "$@" "$cases" "$plain_address"
  check 'TLS' "$@" "$cases" "$tls_address" "$ca"
}

grpc_js() { both node "$build/test/interop/grpc-js-client.js"; }

build_go_client() {
  (cd test/interop/go && go build -o "$out/go-client" .)
}

grpc_go() {
  check 'build' build_go_client
  both "$out/go-client"
}

grpcurl_call() { # flags and address
  local body='{"model_name":"identity","inputs":[{"name":"INPUT0","datatype":"FP32","shape":[1,2],"contents":{"fp32_contents":[1.5,2.5]}}]}'
  "$grpcurl_program" "$@" list | grep -Fx millrace.v1.InferenceService &&
    "$grpcurl_program" "$@" describe inference.GRPCInferenceService.ModelStreamInfer | grep -F 'stream .inference.ModelInferRequest' &&
    "$grpcurl_program" -d "$body" "$@" "${triton#/}/ModelInfer" | grep -F AADAPwAAIEA= &&
    "$grpcurl_program" -d "$body$body" "$@" "${triton#/}/ModelStreamInfer" | grep -c AADAPwAAIEA= | grep -Fx 2 &&
    "$grpcurl_program" "$@" grpc.health.v1.Health/Check | grep -F SERVING
}

grpcurl_peer() {
  grpcurl_program=$out/bin/grpcurl
  [[ -x $grpcurl_program ]] || check 'build' env GOBIN="$out/bin" go install "github.com/fullstorydev/grpcurl/cmd/grpcurl@$grpcurl"
  check 'plain' grpcurl_call -plaintext "$plain_address"
  check 'TLS' grpcurl_call -cacert "$ca" "$tls_address"
}

python_environment() {
  [[ $(cat "$out/venv/made-of" 2> /dev/null) == "$(cat test/clients/requirements.txt)" ]] && return
  rm -rf "$out/venv"
  python3 -m venv "$out/venv" &&
    "$out/venv/bin/python" -m pip install --quiet --disable-pip-version-check -r test/clients/requirements.txt &&
    cp test/clients/requirements.txt "$out/venv/made-of"
}

python_peer() {
  check 'environment' python_environment
  both "$out/venv/bin/python" -B test/interop/python/main.py
}

build_java_client() {
  mvn --quiet --batch-mode --file test/interop/java/pom.xml -DbuildDirectory="$out/java" package
}

grpc_java() {
  check 'build' build_java_client
  both java -cp "$out/java/classes:$out/java/libraries/*" interop.Main
}

tonic() {
  check 'build' cargo build --quiet --locked --manifest-path test/interop/rust/Cargo.toml --target-dir "$out/rust"
  both "$out/rust/debug/millrace-interop"
}

curl_refused() { # flags and origin
  curl --silent --show-error --include "$@/" | tr -d '\r' > "$out/curl.txt"
  grep -E '^HTTP/2 415' "$out/curl.txt" && grep -E '^content-type: text/plain' "$out/curl.txt" && grep -F 'gRPC' "$out/curl.txt"
}

# The answer's body is a framed message, and its trailers, which curl writes behind the headers, have the status.
curl_call() { # flags and origin
  curl --silent --show-error --header 'content-type: application/grpc' --header 'te: trailers' --data-binary "@$cases.model-infer.bin" \
    --output "$out/curl.bin" --dump-header "$out/curl.txt" "$@$triton/ModelInfer" &&
    tr -d '\r' < "$out/curl.txt" | grep -Fx 'grpc-status: 0' && grep -aqF OUTPUT0 "$out/curl.bin"
}

curl_peer() {
  check 'plain, 415' curl_refused --http2-prior-knowledge "http://$plain_address"
  check 'TLS, 415' curl_refused --http2 --cacert "$ca" "https://$tls_address"
  check 'plain, ModelInfer' curl_call --http2-prior-knowledge "http://$plain_address"
  check 'TLS, ModelInfer' curl_call --http2 --cacert "$ca" "https://$tls_address"
}

h2load_calls() { # origin
  h2load --requests 5000 --clients 8 --max-concurrent-streams 16 --data "$cases.model-infer.bin" --header 'content-type: application/grpc' \
    --header 'te: trailers' "$1$triton/ModelInfer" | tee "$out/h2load.txt"
  grep -F '5000 succeeded, 0 failed, 0 errored, 0 timeout' "$out/h2load.txt" && grep -F 'status codes: 5000 2xx' "$out/h2load.txt"
}

h2load_peer() {
  check 'plain' h2load_calls "http://$plain_address"
  check 'TLS' h2load_calls "https://$tls_address"
}

free_port() {
  node -e 'const s = require("node:net").createServer().listen(0, "127.0.0.1", () => { console.log(s.address().port); s.close(); })'
}

await_port() { # port
  for _ in {1..100}; do
    (exec 3<> "/dev/tcp/127.0.0.1/$1") 2> /dev/null && return
    sleep 0.1
  done
  return 1
}

# Our client goes through the proxy; the proxy goes to our server.
proxy() { # configuration, command...
  local configuration=$out/$1 plain_port tls_port
  plain_port=$(free_port)
  tls_port=$(free_port)
  sed -e "s|@DIRECTORY@|$out|g" -e "s|@PORT@|$plain_port|" -e "s|@TLS_PORT@|$tls_port|" -e "s|@PLAIN@|$plain_address|" -e "s|@TLS@|$tls_address|" \
    -e "s|@CA@|$ca|" "test/interop/proxies/$1" > "$configuration"
  shift
  "$@" "$configuration" > "$configuration.log" 2>&1 &
  started+=("$!")
  check 'start' await_port "$plain_port"
  check 'client' build_go_client
  check 'plain behind it' "$out/go-client" "$cases" "127.0.0.1:$plain_port"
  check 'TLS behind it' "$out/go-client" "$cases" "127.0.0.1:$tls_port"
}

nginx_peer() { proxy nginx.conf nginx -c; }
haproxy_peer() { proxy haproxy.cfg haproxy -db -f; }

# gRPC's interoperability service, plain and with TLS, once for all who ask for it.
start_test_services() {
  [[ $test_port ]] && return
  start test-service 'listening on ' node "$build/test/interop/test-service.js"
  test_port=${address#*:}
  start test-service-tls 'listening on ' node "$build/test/interop/test-service.js" "$tls/server.crt" "$tls/server.key"
  test_tls_port=${address#*:}
}

go_case() { # case, flags...
  timeout 600 "$out/bin/client" -server_host 127.0.0.1 -server_port "$test_port" -test_case "$@"
}

go_tls_case() { # case, flags...
  timeout 600 "$out/bin/client" -server_host 127.0.0.1 -server_port "$test_tls_port" -use_tls -use_test_ca -ca_file "$ca" \
    -server_host_override localhost -test_case "$@"
}

# The orca cases and those of credentials are not of the transport.
official_cases=(empty_unary large_unary client_streaming server_streaming ping_pong empty_stream timeout_on_sleeping_server cancel_after_begin
  cancel_after_first_response status_code_and_message special_status_message unimplemented_method unimplemented_service custom_metadata pick_first_unary)
# How long an iteration takes says more of the machine than of us: one that takes 10 s is stuck.
soak=(-soak_iterations 10000 -soak_num_threads 4 -soak_overall_timeout_seconds 590 -soak_per_iteration_max_acceptable_latency_ms 10000)

official_go_client() {
  local case
  check 'build' env GOBIN="$out/bin" go install "google.golang.org/grpc/interop/client@$grpc_go"
  start_test_services
  for case in "${official_cases[@]}"; do
    check "plain, $case" go_case "$case"
    check "TLS, $case" go_tls_case "$case"
  done
  check 'plain, rpc_soak of 10,000' go_case rpc_soak "${soak[@]}"
  check 'TLS, rpc_soak of 10,000' go_tls_case rpc_soak "${soak[@]}"
  # It closes none of its channels before the end.
  if (($(ulimit -n) < 12000)); then
    echo "  channel_soak is left out: it needs 12,000 open files, the limit is $(ulimit -n)"
  else
    check 'plain, channel_soak of 10,000' go_case channel_soak "${soak[@]}"
    check 'TLS, channel_soak of 10,000' go_tls_case channel_soak "${soak[@]}"
  fi
}

# Those of compression without a probe: the service does not check whether what came was compressed, it only reads it.
java_cases=("${official_cases[@]}" very_large_request client_compressed_unary_noprobe client_compressed_streaming_noprobe)

java_soak=(--soak_iterations=10000 --soak_num_threads=4 --soak_overall_timeout_seconds=590 --soak_per_iteration_max_acceptable_latency_ms=10000)

java_case() { # over OkHttp or not, flags...
  timeout 600 java -Djavax.net.ssl.trustStore="$out/ca.p12" -Djavax.net.ssl.trustStorePassword=interop -cp "$out/java/classes:$out/java/libraries/*" \
    io.grpc.testing.integration.TestServiceClient --server_host=127.0.0.1 --use_okhttp="$@"
}

trust_store() {
  rm -f "$out/ca.p12"
  keytool -importcert -noprompt -alias ca -file "$ca" -keystore "$out/ca.p12" -storetype PKCS12 -storepass interop
}

official_java_client() {
  local case
  check 'build' build_java_client
  check 'trust store' trust_store
  start_test_services
  local plain=(--use_tls=false --server_port="$test_port")
  local secure=(--use_tls=true --server_host_override=localhost --server_port="$test_tls_port")
  for case in "${java_cases[@]}"; do
    check "Netty, plain, $case" java_case false "${plain[@]}" --test_case="$case"
    check "Netty, TLS, $case" java_case false "${secure[@]}" --test_case="$case"
    check "OkHttp, plain, $case" java_case true "${plain[@]}" --test_case="$case"
    check "OkHttp, TLS, $case" java_case true "${secure[@]}" --test_case="$case"
  done
  for case in rpc_soak channel_soak; do
    check "Netty, plain, $case of 10,000" java_case false "${plain[@]}" --test_case="$case" "${java_soak[@]}"
    check "Netty, TLS, $case of 10,000" java_case false "${secure[@]}" --test_case="$case" "${java_soak[@]}"
  done
}

serve=(node "$build/src/main.js" serve --model-repository examples/models --transport native --grpc-port 0 --admin-port 0)
node "$build/test/interop/write-cases.js" "$cases" || exit 1
start server '"grpc":"' "${serve[@]}"
plain_address=$address
start server-tls '"grpc":"' "${serve[@]}" --tls-cert-file "$tls/server.crt" --tls-key-file "$tls/server.key"
tls_address=$address

peer grpc-js grpc_js node
peer grpc-go grpc_go go
peer grpcurl grpcurl_peer go
peer python python_peer python3
peer grpc-java grpc_java mvn java
peer tonic tonic cargo
peer curl curl_peer curl
peer h2load h2load_peer h2load
peer nginx nginx_peer go nginx
peer haproxy haproxy_peer go haproxy
peer grpc-interop official_go_client go
peer grpc-interop-java official_java_client mvn java keytool

echo "peers: $((${#passed[@]} + ${#failed[@]})) run, ${#passed[@]} passed, ${#failed[@]} failed${failed[*]:+ (${failed[*]})}, ${#skipped[@]} skipped${skipped[*]:+ (${skipped[*]})}"
((${#failed[@]} == 0))
