# Everything a contributor needs; `make help` lists it. Only Go, make and git are required.

# What `otelcol-cloudflare --version` says. A release is built from a manifest with the release's version.
VERSION ?= $(shell sed -n 's/^  version: //p' builder-config.yaml)

BIN       := bin
CACHE     := .tools
COLLECTOR := $(BIN)/otelcol-cloudflare
SIMULATOR := $(BIN)/cloudflare-simulator
PAGES     := $(BIN)/prometheus-ui
MODULES   := $(patsubst %/,%,$(dir $(wildcard go.mod */go.mod cmd/*/go.mod deploy/*/go.mod e2e/*/go.mod tools/*/*/go.mod)))
TOOL       = go tool -modfile=$(CURDIR)/tools/go.mod
LINT       = $(TOOL) golangci-lint
# The race detector needs cgo, which Go turns off where there is no C compiler.
RACE       = $(if $(filter 1,$(shell go env CGO_ENABLED)),-race)

# Where `make graphs` listens.
PROMETHEUS_PORT ?= 9090

# What is compiled or embedded: neither tests nor the modules of the tools and of the end-to-end test.
SOURCES := $(sort $(shell find . \( -name '.?*' -o -name testdata -o -path ./$(BIN) \
	-o -path ./deploy -o -path ./e2e -o -path ./tools \) -prune \
	-o \( -name '*.go' ! -name '*_test.go' -o -name '*.graphql' -o -name go.mod -o -name go.sum \) -print))

.DEFAULT_GOAL := build
.DELETE_ON_ERROR:

.PHONY: help
help: ## List the targets
	@grep -E '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 16

.PHONY: build
build: $(COLLECTOR) $(SIMULATOR) ## Build the collector and the simulator into bin/; VERSION=… to stamp another version

$(COLLECTOR): $(SOURCES) $(CACHE)/inputs $(CACHE)/overlay.json
	CGO_ENABLED=0 go -C cmd/otelcol-cloudflare build -trimpath -ldflags '-s -w' -overlay '$(CURDIR)/$(CACHE)/overlay.json' -o '$(CURDIR)/$@' .

# ocb's sources are committed, so building needs no ocb. They hold the manifest's version as a literal, which no linker
# flag can set: the compiler gets a copy of main.go with VERSION in its place (go help build, -overlay).
$(CACHE)/overlay.json: cmd/otelcol-cloudflare/main.go $(CACHE)/inputs
	@sed 's|\(Version: *\)"[^"]*"|\1"$(VERSION)"|' cmd/otelcol-cloudflare/main.go > $(CACHE)/main.go
	@grep -qF '"$(VERSION)"' $(CACHE)/main.go || { echo 'no place for VERSION in cmd/otelcol-cloudflare/main.go' >&2; exit 1; }
	@printf '{"Replace": {"%s": "%s"}}\n' '$(CURDIR)/cmd/otelcol-cloudflare/main.go' '$(CURDIR)/$(CACHE)/main.go' > $@

$(SIMULATOR): $(SOURCES) $(CACHE)/inputs
	CGO_ENABLED=0 go build -trimpath -ldflags '-s -w' -o $@ ./cmd/cloudflare-simulator

# Changes when the version does, or when a source appears or goes away.
$(CACHE)/inputs: FORCE
	@mkdir -p $(CACHE)
	@printf '%s\n' '$(VERSION)' $(SOURCES) | cmp -s - $@ || printf '%s\n' '$(VERSION)' $(SOURCES) > $@

.PHONY: FORCE
FORCE:

.PHONY: run
run: build ## Run the collector, on the simulator unless CLOUDFLARE_API_TOKEN is set
	@sh tools/run.sh

# Prometheus is built from source, at the version in e2e/prometheus/go.mod, without the service discoveries that nobody
# needs here. The end-to-end tests build it with the same flags.
.PHONY: prometheus
prometheus: ## Build Prometheus and promtool into bin/, without the web pages; about five minutes the first time
	CGO_ENABLED=0 go -C e2e/prometheus build -trimpath -ldflags '-s -w' -tags remove_all_sd -o '$(CURDIR)/$(BIN)/' \
		github.com/prometheus/prometheus/cmd/prometheus github.com/prometheus/prometheus/cmd/promtool

# Prometheus' module has the sources of its web pages only.
.PHONY: prometheus-ui
prometheus-ui: $(PAGES)/static/mantine-ui/index.html ## Build Prometheus' web pages; needs Node.js with npm, two minutes

$(PAGES)/static/mantine-ui/index.html: e2e/prometheus/go.mod tools/prometheus-ui.sh
	sh tools/prometheus-ui.sh $(PAGES)
	@touch $@

# It serves the pages of the directory that it is started in.
.PHONY: graphs
graphs: prometheus prometheus-ui ## Show what `make run` counts as graphs, in Prometheus' web pages; needs Node.js with npm
	@mkdir -p state/prometheus
	@echo 'make graphs: http://127.0.0.1:$(PROMETHEUS_PORT)/query?g0.expr=sum%20by%20(cloudflare_zone_name)%20(rate(cloudflare_zone_requests_total%5B5m%5D))&g0.tab=graph&g0.range_input=30m'
	@cd $(PAGES) && exec ../prometheus --config.file=../../deploy/prometheus/prometheus.yml \
		--storage.tsdb.path=../../state/prometheus --web.listen-address=127.0.0.1:$(PROMETHEUS_PORT) --log.level=warn \
		--web.enable-remote-write-receiver --web.enable-otlp-receiver \
		--enable-feature=created-timestamp-zero-ingestion,promql-extended-range-selectors

.PHONY: test
test: ## Run every test, the end-to-end ones included
	$(if $(RACE),,@echo 'make test: without a C compiler there is no race detector')
	go test $(RACE) -timeout 30m ./...
	go -C tools test $(RACE) ./...
	go -C e2e test -count=1 -timeout 30m ./...

.PHONY: test-node
test-node: ## Run the tests that need Node 20 and npm: real Worker clients
	go -C e2e test -tags node -count=1 -timeout 15m ./node

.PHONY: test-deploy
test-deploy: ## Test image, Compose file, chart, unit and releases, as far as that needs no engine and no cluster
	go -C deploy/test test -count=1 -timeout 30m ./...

.PHONY: bench
bench: ## Measure fold, commit and emit at up to 100,000 series
	go test -run '^$$' -bench . -benchmem ./...

.PHONY: chaos
chaos: ## Run the chaos tests over a simulated day instead of an hour
	CHAOS_HOURS=24 go test -count=1 -timeout 60m -run Chaos -v .

.PHONY: lint
lint: fmt-check ## Check formatting and run the linters
	$(LINT) run ./...
	cd tools && $(LINT) run ./...
	cd e2e && $(LINT) run ./...
	cd deploy/test && $(LINT) run ./...

.PHONY: fmt-check
fmt-check: ## Check formatting alone
	$(LINT) fmt --diff ./...

.PHONY: fmt
fmt: ## Format the code
	$(LINT) fmt ./...

# mdatagen names packages after their directory, and a clone may be called anything: a link has the right name.
# recordgen and genqlient (go generate) read what mdatagen wrote, and ocb imports the result.
.PHONY: generate
generate: ## Write all generated code: metrics, row types, tables, the distribution
	@mkdir -p $(CACHE) && ln -sfn .. $(CACHE)/cloudflaremetricsreceiver
	$(TOOL) mdatagen $(CACHE)/cloudflaremetricsreceiver/metadata.yaml
	go generate ./...
	go -C tools run ./dashboardgen -metadata ../metadata.yaml -out ../dashboards
	$(TOOL) builder --config builder-config.yaml --skip-compilation --skip-strict-versioning=false
	gofmt -w cmd/otelcol-cloudflare

# Needs Cloudflare's complete schema as SDL, which is introspected with a token and not committed.
CLOUDFLARE_SCHEMA ?= ../shared/reference/cloudflare-schema.graphql

.PHONY: schema
schema: ## Add what new operations use to our part of Cloudflare's schema; CLOUDFLARE_SCHEMA=… is the complete one
	go -C tools run ./schemagen -complete '$(abspath $(CLOUDFLARE_SCHEMA))' \
		-schema ../internal/cloudflare/schema/schema.graphql -operations ../internal/dataset/operations
	cd internal/dataset && $(TOOL) genqlient genqlient.yaml

.PHONY: tidy
tidy: ## Tidy every module
	$(foreach module,$(MODULES),go -C $(module) mod tidy && ) true

.PHONY: clean
clean: ## Remove bin, .tools, Prometheus' data, and state: the counters too, of a real account as of the simulator
	rm -rf $(BIN) $(CACHE) data state
