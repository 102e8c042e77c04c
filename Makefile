# `make help` lists what can be made. Nothing here needs more than Go, git, make
# and bash, except `setup`, which installs the servers that tests talk to.
SHELL       := bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help

GO       ?= go
SERVERS  := slapd,samba,389ds,postgres,mariadb,recordings
FUZZTIME ?= 1m
TESTTIME ?= 20m
LINT     := bin/golangci-lint
LINT_VERSION := $(shell sed -n 's/^lint_version=//p' test/lab/install.sh)

.PHONY: help
help: ## list the targets
	@sed -n 's/^\([a-z0-9-]*\):.*## \(.*\)/\1\t\2/p' $(MAKEFILE_LIST) | expand -t 14

.PHONY: build
build: ## build the program, ./rollcall: one static file
	CGO_ENABLED=0 $(GO) build -trimpath -o rollcall ./cmd/rollcall

PREFIX  ?= /usr/local
UNITDIR ?= /etc/systemd/system
.PHONY: install
install: build ## install the program, and a unit for systemd, below DESTDIR and PREFIX
	install -D -m 0755 rollcall "$(DESTDIR)$(PREFIX)/bin/rollcall"
	install -d "$(DESTDIR)$(UNITDIR)"
	sed 's,/usr/local/bin/rollcall,$(PREFIX)/bin/rollcall,' packaging/rollcall.service > "$(DESTDIR)$(UNITDIR)/rollcall.service"
	chmod 0644 "$(DESTDIR)$(UNITDIR)/rollcall.service"

.PHONY: test
test: ## run all tests; those whose server is not installed are skipped
	$(GO) test -timeout $(TESTTIME) ./...

.PHONY: race
race: ## the same with the race detector
	$(GO) test -race -timeout $(TESTTIME) ./...

.PHONY: integration
integration: ## run all tests afresh; a server that is missing is a failure
	TEST_REQUIRE=$(SERVERS) $(GO) test -count=1 -timeout $(TESTTIME) ./...

.PHONY: e2e
e2e: ## run the tests of the built program
	TEST_REQUIRE=$(SERVERS) $(GO) test -count=1 -timeout $(TESTTIME) ./test/...

.PHONY: fuzz
fuzz: ## fuzz every target for FUZZTIME each
	@grep -rnoE '^func Fuzz[A-Za-z0-9_]*' --include='*_test.go' . | sort | while IFS=: read -r file _ func; do \
		echo "fuzz $$(dirname "$$file") $${func#func }"; \
		GO="$(GO)" test/fuzz.sh "$$(dirname "$$file")" "$${func#func }" $(FUZZTIME); \
	done

BENCH ?= .
.PHONY: bench
bench: ## measure whole runs against ldapsearch, and the wire services; see bench/README.md
	$(GO) test ./bench -run '^$$' -bench '$(BENCH)' -benchtime 1x -timeout 90m

.PHONY: lint
lint: $(LINT) ## run the linters
	$(LINT) run ./...

$(LINT): test/lab/install.sh
	GOBIN="$(CURDIR)/bin" $(GO) install github.com/golangci/golangci-lint/v2/cmd/golangci-lint@$(LINT_VERSION)
	touch $(LINT)

.PHONY: generate
generate: ## write the generated files
	$(GO) generate ./...

.PHONY: verify
verify: ## check that formatting, modules and generated files are up to date
	test -z "$$(gofmt -l $$(git ls-files '*.go') | tee /dev/stderr)"
	$(GO) mod tidy -diff
	$(GO) mod verify
	$(GO) generate ./...
	git diff --exit-code

.PHONY: variants
variants: ## compile what only some builds have: reading Oracle
	$(GO) vet -tags oracle ./internal/source/sqlquery

.PHONY: setup
setup: ## install what the whole test suite needs (Debian 12, root or sudo)
	test/lab/install.sh

.PHONY: check
check: setup lint variants ## everything a change must pass: no test is skipped, the race detector is on
	TEST_REQUIRE=$(SERVERS) $(GO) test -json -race -count=1 -timeout $(TESTTIME) ./... | $(GO) run ./test/tally -no-skips
