# Every target works alone on a fresh clone; Node (>= 20.19), npm and make are all it takes.
export ONNXRUNTIME_NODE_INSTALL := skip

INSTALLED := node_modules/.package-lock.json
SERVE_FLAGS ?=
CONFORMANCE_FLAGS ?=
JEST := node --experimental-vm-modules --disable-warning=ExperimentalWarning node_modules/jest/bin/jest.js

.PHONY: help install build serve test test-clients conformance interop h2spec check gen bench bench-quick bench-lifecycle bench-transport stress-transport clean format

help: ## what there is
	@grep -E '^[a-z0-9-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z0-9-]+):.*## /  make \1\t/' | expand -t 22

$(INSTALLED): package.json package-lock.json .npmrc
	npm ci --ignore-scripts
	@touch $@

install: $(INSTALLED)

build: $(INSTALLED) ## compile src/, test/ and bench/ to build/
	npm run --silent build

serve: build ## serve examples/models: gRPC on 8001, metrics and probes on 8002
	node build/src/main.js serve --model-repository examples/models $(SERVE_FLAGS)

test: build ## every test, with the coverage of every process and thread
	scripts/test.sh

test-clients: build ## Triton's Python client against a fresh server of each transport; needs Python >= 3.11
	scripts/test-clients.sh

conformance: ## the Open Inference Protocol v2 checks against any server: make conformance ADDR=host:port
	@test -n "$(ADDR)" || { echo 'give the address of a server: make conformance ADDR=host:port [CONFORMANCE_FLAGS="--model NAME …"]' >&2; exit 2; }
	@$(MAKE) --no-print-directory build
	node build/test/conformance/oip/main.js $(ADDR) $(CONFORMANCE_FLAGS)

interop: build ## clients and proxies of others against the native transport; says which it skips for want of a program
	scripts/interop.sh

h2spec: build ## h2spec's 146 cases of HTTP/2 and HPACK, strict, plain and with TLS; needs Go unless build/tools has h2spec
	scripts/h2spec.sh

check: $(INSTALLED) ## format, lint, types, buf lint, generated code
	npx --no-install biome ci .
	npx --no-install tsc -p tsconfig.json --noEmit
	npx --no-install eslint .
	npx --no-install buf lint
	node scripts/gen.mjs --check

gen: $(INSTALLED) ## regenerate src/gen from proto/
	node scripts/gen.mjs

format: $(INSTALLED) ## write the formatter's and the linter's safe fixes
	npx --no-install biome check --write .

bench: build ## the performance goals of the whole server, judged beside hand-written peers; some 14 minutes; says what it skips for want of Go or Python
	node build/bench/pipeline/run.js

bench-quick: build ## whether a request costs more CPU than bench/recorded.json says; some 40 seconds
	node build/bench/quick.bench.js

bench-lifecycle: build ## models that come and go: what others notice, what memory comes back; each goal judged; at most 10 minutes
	node build/bench/lifecycle/run.js

bench-transport: build ## our HTTP/2 against grpc-js and grpc-go, interleaved; needs Go for all but one figure
	node build/bench/transport.bench.js

stress-transport: build ## attacks on our HTTP/2: what they cost its other clients and what they leave behind; some 6 minutes
	node build/bench/transport-stress.js

clean: ## remove what the other targets made
	rm -rf build coverage node_modules
