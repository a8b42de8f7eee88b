# "make" alone says what there is.
.DEFAULT_GOAL := help
SHELL := /bin/sh
GO ?= go

GOLANGCI_LINT := github.com/golangci/golangci-lint/v2/cmd/golangci-lint@v2.15.0
GOFUMPT := mvdan.cc/gofumpt@v0.12.0

# Programs that the tests need and the Debian packages that have them.
TEST_TOOLS := gcc git pkg-config sipp baresip twinkle-console linphonec espeak-ng chromium ip nsenter
TEST_PACKAGES := gcc libc6-dev git pkg-config libopus-dev sip-tester baresip-core twinkle-console linphone-cli espeak-ng chromium iproute2 util-linux

# Programs that speak the prompts.
PROMPT_TOOLS := flite espeak-ng
PROMPT_PACKAGES := flite espeak-ng

ARGS ?=
BENCH ?= .
FUZZTIME ?= 30s
SOAK ?= 5m
TRUTH ?= 10h
WALKS ?= 10000

.PHONY: help run build test bench soak lint fuzz generate prompts fmt install-test-tools web web-check

help: ## Say what there is.
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  make \1\t\2/p' Makefile | expand -t 28

run: build ## Build, and run with ./dialtone.yaml or without any configuration; ARGS are passed on.
	@exec bin/dialtone serve $(ARGS)

build: ## Build bin/dialtone, one static binary.
	CGO_ENABLED=0 $(GO) build -trimpath -o bin/dialtone ./cmd/dialtone

# What plays calls in real time waits more than it works, but what works all the time beside
# it makes it late: the one is tested after the other, and what plays by itself. A program with the race detector would
# wait a second when it ends, without GORACE.
#
# The race detector allocates, and is slow: what it cannot judge runs again without it. Packages
# that compute in one goroutine run without it only, and so do hundreds of calls.
PLAYS := /internal/(browser|callscript|peers)$$
COMPUTES := /media/(audio|resample|tone)$$
RACE := GORACE=atexit_sleep_ms=50 CGO_ENABLED=1 $(GO) test -race -count=1 -timeout 20m

test: install-test-tools web-check ## Vet and test everything, with the race detector; Opus with libopus too.
	$(GO) vet ./...
	$(RACE) $$($(GO) list ./... | grep -Ev '$(PLAYS)|$(COMPUTES)|/internal/corpus$$')
	$(RACE) -p 1 $$($(GO) list ./... | grep -E '$(PLAYS)')
	$(GO) test -count=1 -timeout 20m ./internal/corpus
	$(GO) test -count=1 $$($(GO) list ./... | grep -E '$(COMPUTES)')
	$(GO) test -count=1 -run 'Mutants|EachPair' ./cmd/dialtone ./internal/bench/quality
	$(GO) test -count=1 -run 'Alloc|DelayDoesNotGrow|BadNetworks' $$($(GO) list ./media/... | grep -Ev '$(COMPUTES)')
	CGO_ENABLED=1 $(GO) test -count=1 -tags opus_c,nolibopusfile ./media/codec

web: ## Build the web phone: web/dist, which is committed. Needs Node 20.19 or later.
	cd web && npm ci && npm run build

# Node is needed by nobody who only builds Dialtone: without it this says so and goes on.
web-check: ## Check the web phone, and that web/dist is what its source makes.
	@if ! node -e 'const [a, b] = process.versions.node.split(".").map(Number); process.exit(a > 20 || (a === 20 && b >= 19) ? 0 : 1)' 2>/dev/null; then \
		echo "web-check is left out: it needs Node 20.19 or later, from https://nodejs.org or your distribution"; exit 0; \
	fi; \
	set -e; cd web; npm ci --silent; npm run --silent check; npm test --silent; \
	fresh=$$(mktemp -d); trap 'rm -rf "$$fresh"' EXIT; \
	npm run --silent build -- --outDir "$$fresh" --emptyOutDir --logLevel warn; \
	diff -r dist "$$fresh" || { echo "web/dist is not what web/src makes: run make web and commit it"; exit 1; }; \
	OUT="$$fresh" npm run --silent stock; \
	for library in jssip.js sipjs.js; do \
		cmp "$$fresh/$$library" ../internal/browser/testdata/$$library || { echo "internal/browser/testdata is not what web/package-lock.json has: run npm run stock in web and commit it"; exit 1; }; \
	done

bench: build ## Run the benchmarks, some minutes; BENCH is which, FLAGS are passed on (-count 10). See docs/benchmarks.md.
	$(GO) test -run '^$$' -bench '$(BENCH)' -benchmem -benchtime 200ms $(FLAGS) ./...
	$(GO) test -count=1 -run Speech -v ./internal/bench/quality
	$(GO) run ./internal/bench/relay
	$(GO) run ./internal/bench/voice
	$(GO) run ./internal/bench/load -binary bin/dialtone

soak: ## Load the server for SOAK (5m): memory, goroutines and files must come back; mix for TRUTH (10h) of fake time; WALKS (10000) of phones that do anything.
	$(GO) test -count=1 -timeout 0 -run TestSoak -v ./internal/bench/load -soak $(SOAK)
	$(GO) test -count=1 -timeout 0 -run 'TestKill$$' -v ./pbx/voicemail -kills 500
	$(GO) test -count=1 -timeout 0 -run 'TestKillVoicemail$$' -v ./internal/peers -kills 500
	$(GO) test -count=1 -timeout 0 -run 'TestTruth$$' -v ./media/mixer -truth $(TRUTH)
	$(GO) test -count=1 -timeout 0 -run TestTruthInRealTime -v ./media/mixer -real $(SOAK)
	$(GO) test -count=1 -timeout 0 -run 'TestWalk$$' ./pbx/call -walks $(WALKS)

lint: ## Run golangci-lint and gofumpt, downloading them when needed.
	$(GO) run $(GOLANGCI_LINT) run ./...
	@unformatted=$$($(GO) run $(GOFUMPT) -l .); \
	if [ -n "$$unformatted" ]; then echo "not formatted, run make fmt:"; echo "$$unformatted"; exit 1; fi

fmt: ## Format all Go files.
	$(GO) run $(GOFUMPT) -w .

fuzz: ## Fuzz every target for FUZZTIME each (make fuzz FUZZTIME=5m).
	@set -e; grep -rl --include='*_test.go' '^func Fuzz' . | sort | while read -r file; do \
		for target in $$(sed -n 's/^func \(Fuzz[A-Za-z0-9_]*\)(.*/\1/p' "$$file"); do \
			echo "== $$(dirname "$$file") $$target"; \
			$(GO) test -run '^$$' -fuzz "^$$target\$$" -fuzztime $(FUZZTIME) "$$(dirname "$$file")"; \
		done; \
	done

generate: ## Write again the files that are made from code.
	$(GO) generate ./...
	$(GO) run ./cmd/dialtone docs api > docs/ctl-api.md
	$(GO) run ./cmd/dialtone docs prompts > docs/prompts.md

prompts: ## Record prompts/*.tsv again: the announcements that come with Dialtone.
	@missing=; for tool in $(PROMPT_TOOLS); do command -v $$tool >/dev/null || missing="$$missing $$tool"; done; \
	if [ -z "$$missing" ]; then :; \
	elif [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
		echo "installing what speaks:$$missing"; \
		apt-get update -qq; \
		DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $(PROMPT_PACKAGES); \
	else \
		echo "the prompts need$$missing; on Debian or Ubuntu:"; \
		echo "  sudo apt-get install --no-install-recommends $(PROMPT_PACKAGES)"; exit 1; \
	fi
	$(GO) run ./internal/promptgen prompts
	$(GO) run ./cmd/dialtone docs prompts > docs/prompts.md

install-test-tools: ## Install what the tests need, or say how (Debian, Ubuntu).
	@missing=; for tool in $(TEST_TOOLS); do command -v $$tool >/dev/null || missing="$$missing $$tool"; done; \
	pkg-config --exists opus 2>/dev/null || missing="$$missing libopus"; \
	packages="$(TEST_PACKAGES)"; \
	command -v firefox-esr >/dev/null || command -v firefox >/dev/null || { missing="$$missing firefox"; packages="$$packages firefox-esr"; }; \
	hint="Where there is no package firefox-esr, as on Ubuntu, firefox of https://packages.mozilla.org does as well; its snap does not."; \
	if [ -z "$$missing" ]; then exit 0; fi; \
	if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
		echo "installing what the tests need:$$missing"; \
		apt-get update -qq; \
		DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $$packages || { echo "$$hint"; exit 1; }; \
	else \
		echo "the tests need$$missing; on Debian or Ubuntu:"; \
		echo "  sudo apt-get install --no-install-recommends $$packages"; echo "$$hint"; exit 1; \
	fi
