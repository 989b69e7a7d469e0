# Everything a contributor needs; `make help` lists it. Only Go, make and git are required.

MODULE  := github.com/otelcol-cloudflare/cloudflaremetricsreceiver
VERSION ?= $(shell git describe --tags --always --dirty 2>/dev/null || echo dev)
BIN     := bin
TOOLS   := .tools
TOOL     = go tool -modfile=$(CURDIR)/tools/go.mod
COLLECTOR := $(BIN)/otelcol-cloudflare
SIMULATOR := $(BIN)/cloudflare-simulator
SOURCES := $(shell git ls-files --cached --others --exclude-standard '*.go' '*.graphql' 'go.mod' 'go.sum' 2>/dev/null)

.DEFAULT_GOAL := build

.PHONY: help
help: ## List the targets
	@grep -E '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 12

.PHONY: build
build: $(COLLECTOR) $(SIMULATOR) ## Build the collector and the simulator into bin/

# What ocb would run; the sources it writes are committed, so building needs no ocb.
$(COLLECTOR): $(SOURCES)
	CGO_ENABLED=0 go -C cmd/otelcol-cloudflare build -trimpath -ldflags "-s -w -X main.version=$(VERSION)" -o ../../$@ .

$(SIMULATOR): $(SOURCES)
	CGO_ENABLED=0 go build -trimpath -ldflags "-s -w" -o $@ ./cmd/cloudflare-simulator

.PHONY: run
run: build ## Run the collector, against the simulator unless CLOUDFLARE_API_TOKEN is set
	@sh tools/run.sh

.PHONY: test
test: ## Run every test, the end-to-end ones included
	go test -race ./...
	go -C tools vet ./...
	go -C e2e test -race -timeout 20m ./...

.PHONY: bench
bench: ## Measure fold, commit and emit at 100,000 series
	go test -run '^$$' -bench . -benchmem ./...

.PHONY: lint
lint: ## Check formatting and run the linters
	$(TOOL) golangci-lint fmt --diff ./...
	$(TOOL) golangci-lint run ./...
	cd e2e && $(TOOL) golangci-lint run ./...
	cd tools && $(TOOL) golangci-lint run ./...

.PHONY: fmt
fmt: ## Format the code
	$(TOOL) golangci-lint fmt ./...

# mdatagen names the package after its directory, and a clone may be called anything.
.PHONY: generate
generate: ## Write all generated code: row types, metrics, tables, the distribution
	@mkdir -p $(TOOLS) && ln -sfn .. $(TOOLS)/cloudflaremetricsreceiver
	$(TOOL) mdatagen $(TOOLS)/cloudflaremetricsreceiver/metadata.yaml
	go generate ./...
	$(TOOL) builder --config builder-config.yaml --skip-compilation --skip-strict-versioning=false
	gofmt -w cmd/otelcol-cloudflare

.PHONY: tidy
tidy: ## Tidy every module
	go mod tidy
	go -C tools mod tidy
	go -C e2e mod tidy

.PHONY: clean
clean: ## Remove what the build and the demo wrote
	rm -rf $(BIN) $(TOOLS) state
