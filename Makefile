# Works with GNU make 3.81 (macOS) and newer. `make help` lists the targets.

GO        ?= go
BIN       := bin/bailiff
TOOLS     := bin/tools
FUZZTIME  ?= 20s
LINT_VERSION := v2.15.0
VERSION   := $(shell git describe --tags --always --dirty 2>/dev/null || echo dev)
WITHPG    := $(GO) run ./internal/testkit/withpg
SHELL     := /bin/sh

.DEFAULT_GOAL := help
.PHONY: help setup build test race check-fmt lint fuzz demo bench chaos contract e2e ci clean

help: ## list the targets
	@awk 'BEGIN { FS = ":.*## " } /^[a-z-]+:.*## / { printf "  %-10s %s\n", $$1, $$2 }' $(firstword $(MAKEFILE_LIST))

setup: ## fetch the Go modules and see that a PostgreSQL server can be run
	@$(GO) mod download
	@sh .ci/postgres

build: ## build bin/bailiff
	@CGO_ENABLED=0 $(GO) build -trimpath -ldflags '-X robotbailiff/internal/obs.version=$(VERSION)' -o $(BIN) ./cmd/bailiff

test: setup ## run all tests on one private PostgreSQL
	@$(WITHPG) $(GO) test -timeout 15m ./...

race: setup ## run all tests with the race detector
	@$(WITHPG) env CGO_ENABLED=1 $(GO) test -race -timeout 20m ./...

check-fmt: ## fail when a file is not formatted
	@bad=$$(git ls-files -co --exclude-standard -- '*.go' | xargs gofmt -l 2>/dev/null); \
	if [ -n "$$bad" ]; then echo "not formatted, run gofmt -w:"; echo "$$bad"; exit 1; fi

lint: check-fmt $(TOOLS)/golangci-lint-$(LINT_VERSION) ## formatting, go vet, golangci-lint, order of migrations
	@sh .ci/migrations
	@$(GO) vet ./...
	@$(TOOLS)/golangci-lint-$(LINT_VERSION) run --allow-parallel-runners ./...

$(TOOLS)/golangci-lint-$(LINT_VERSION):
	@echo "building golangci-lint $(LINT_VERSION) (some minutes, once)"
	@mkdir -p $(TOOLS)
	@GOFLAGS= GOBIN="$(CURDIR)/$(TOOLS)" $(GO) install github.com/golangci/golangci-lint/v2/cmd/golangci-lint@$(LINT_VERSION) || \
	{ echo "golangci-lint $(LINT_VERSION) could not be installed: lint cannot run. Check the network and the Go module proxy."; exit 1; }
	@mv $(TOOLS)/golangci-lint $@

fuzz: ## run every fuzz target for FUZZTIME (20s)
	@set -e; for file in $$(grep -rl --include='*_test.go' '^func Fuzz' .); do \
		for name in $$(sed -n 's/^func \(Fuzz[A-Za-z0-9_]*\)(.*/\1/p' $$file); do \
			echo "$$name in $$(dirname $$file)"; \
			$(GO) test -run '^$$' -fuzz "^$$name\$$" -fuzztime $(FUZZTIME) $$(dirname $$file); \
		done; \
	done

demo: setup build ## the whole product with an imitated outside world, on http://localhost:8080
	@$(BIN) demo

bench: setup build ## the two figures that matter most: a whole life of cases, and a court batch
	@$(BIN) bench lifecycle
	@$(BIN) bench import

chaos: setup ## kill workers (FAULTS times) and the database at random while the invariants are watched; SEED=
	@CHAOS=full CHAOS_SEED=$(SEED) CHAOS_WORKERS=$(FAULTS) $(GO) test -run Chaos -timeout 60m -count=1 -v ./internal/chaos

e2e: setup ## every page in a real Chromium, held against axe-core, html-validate and Lighthouse; sqlmap against every list; pictures in var/e2e; BAILIFF_E2E=slice for two languages
	@command -v npm >/dev/null && command -v chromium >/dev/null && command -v lynx >/dev/null || sh .ci/browser
	@mkdir -p bin/npm var/e2e && cd bin/npm && npm install --silent --no-audit --no-fund axe-core@4.14.1 lighthouse@12.8.2 html-validate@10.17.0
	@BAILIFF_TEST_NODE_MODULES=$(CURDIR)/bin/npm/node_modules BAILIFF_E2E_OUT=$(CURDIR)/var/e2e \
		$(WITHPG) $(GO) test -tags e2e -timeout 40m -count=1 -run 'Browser|Looks|Valid|SQLMap' ./internal/testkit/chromium ./internal/web/... ./cmd/bailiff
	@echo "pictures are in var/e2e"

contract: setup ## our side before peers of others: an API linter, a validating proxy, Kannel, AqBanking, npm packages of Google, SMPP, webhooks, ISO 20022 and OpenID Connect
	@mkdir -p bin/npm && cd bin/npm && npm install --silent --no-audit --no-fund @redocly/cli@2.77.0 @stoplight/prism-cli@5.14.2 standardwebhooks@1.1.1 smpp@0.5.1 firebase-admin@13.10.0 iso20022.js@0.0.15 telegram-test-api@4.2.1 oidc-provider@9.13.3
	@bin/npm/node_modules/.bin/redocly lint internal/web/api/openapi.json engine/orders/bankapi/openapi.json notify/channel/httpsms/contract.json notify/channel/natapp/openapi.json payments/source/gateway/openapi.json
	@BAILIFF_TEST_NODE_MODULES=$(CURDIR)/bin/npm/node_modules $(GO) test -count=1 ./internal/oidc ./internal/web/api ./internal/sandbox/fcm ./internal/sandbox/smsc ./notify/channel/... ./engine/orders/bankapi/...
	@BAILIFF_TEST_NODE_MODULES=$(CURDIR)/bin/npm/node_modules $(GO) test -count=1 -run 'SMS|SMPP' ./cmd/bailiff
	@BAILIFF_TEST_NODE_MODULES=$(CURDIR)/bin/npm/node_modules $(GO) test -count=1 -run Provider ./internal/web/desk
	@BAILIFF_TEST_NODE_MODULES=$(CURDIR)/bin/npm/node_modules $(GO) test -count=1 -run 'Peer|Contract' ./payments/source/...

ci: ## what the pipeline runs
	@.ci/run

clean: ## remove what was built, but neither tools nor data
	@rm -f $(BIN) coverage.out
	@$(GO) clean -testcache
