# Everything a person or CI runs here. `make` alone lists the targets.

# The tools that are not in a go.mod, pinned in this one place. oapi-codegen is pinned by the tool line in go.mod, the
# OpenAPI linter by openapi/lint/go.mod.
STATICCHECK := honnef.co/go/tools/cmd/staticcheck@v0.8.2
GOVULNCHECK := golang.org/x/vuln/cmd/govulncheck@v1.8.0
ACTIONLINT  := github.com/rhysd/actionlint/cmd/actionlint@v1.7.12
# What finds faults of accessibility in the HTML pages, from npm. It is never part of the program.
AXE         := 4.14.1

FUZZTIME ?= 5s
# APT=no keeps `make test` from installing Debian packages, which it does for root alone.
APT ?= yes

# Modules of their own, which ./... does not reach: the OpenAPI linter, the benchmark against Cloudflare's SDK, what builds
# a release.
MODULES  := $(patsubst ./%/go.mod,%,$(shell find . -mindepth 2 -name go.mod \
	-not -path '*/testdata/*' -not -path '*/node_modules/*'))
WORKFLOWS = $(wildcard .github/workflows/*.yml deploy/github/*.yml)

VERSION  ?= $(patsubst v%,%,$(or $(shell git describe --tags --always --dirty 2>/dev/null),dev))
BUILD    = -trimpath -ldflags '-s -w -X main.version=$(VERSION)'

# Without a commit that git can read (none yet, no git, someone else's checkout) stamping a binary is an error to go.
ifeq ($(shell git rev-parse --verify --quiet HEAD 2>/dev/null),)
export GOFLAGS := $(GOFLAGS) -buildvcs=false
endif
export GOWORK := off
SHELL := /bin/sh
.DEFAULT_GOAL := help
# Steps side by side would mix their output and gain nothing: go uses every processor by itself.
.NOTPARALLEL:

# What the recipes say, as shell functions:
#   note TEXT      is seen now and once more at the end
#   broken TEXT    fails, and names the way out
#   skip TEXT      something cannot be had: a note to a person, a failure in CI
#   have TOOL      whether a pinned tool can be had
START := $(shell date +%s)
heading = @printf '\n==> %s [%ss]\n' '$(1)' "$$(($$(date +%s) - $(START)))"
functions = \
	note() { mkdir -p bin; printf '%s\n' "$$*" >>bin/notes; printf '\n!!! %s\n\n' "$$*" >&2; }; \
	broken() { printf '\n*** %s\n' "$$*" >&2; exit 1; }; \
	skip() { if [ "$${CI:-}" = true ]; then broken "$$* (with CI=true this may not be skipped)"; else note "SKIPPED: $$*"; fi; }; \
	have() { out=$$(go run "$$1" -version 2>&1) || { printf '%s\n' "$$out" >&2; false; }; };

CHECKS = check-generated check-modules check-format check-vet check-staticcheck check-vulnerabilities check-openapi \
	check-workflows check-systems
.PHONY: help build install demo test lint unit fuzz generate golden bench deps tools clean start finish $(CHECKS)

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-22s %s\n", $$1, $$2 }' $(firstword $(MAKEFILE_LIST))

build: ## build bin/seatsync
	go build $(BUILD) -o bin/ ./cmd/seatsync

install: ## install seatsync into Go's bin directory
	go install $(BUILD) ./cmd/seatsync

# What a release consists of; deploy/release says how. Go lists the time of a commit as its author's clock had it.
RELEASE = go -C deploy/release run . -source ../.. -out '$(CURDIR)/bin/release'
COMMIT  = $(shell git rev-parse HEAD)
DATE    = $(shell git show -s --format=%cI HEAD)

.PHONY: release-snapshot test-release release-notes
release-snapshot: ## build everything of a release into bin/release (VERSION=0.2.0; default 0.0.0-COMMIT)
	@$(RELEASE) -version '$(if $(filter command% environment%,$(origin VERSION)),$(VERSION))' -commit '$(COMMIT)' -date '$(DATE)'
	@cd bin/release && ls -l && sha256sum --check --quiet --strict checksums.txt

test-release: ## build a release twice, and start or unpack everything in it; a job of its own in CI
	go -C deploy/release test -timeout 30m ./...

release-notes: ## print what CHANGELOG.md says of a version (VERSION=0.2.0)
	@$(RELEASE) -notes '$(VERSION)'

demo: ## plan, apply and plan again against the built-in sandbox: no account, no network
	@go run ./cmd/seatsync demo

test: start finish ## run everything; installs what it needs (CI=true: nothing may be skipped)

lint: $(CHECKS) ## run the checks that are no tests

unit: ## run the tests, with the race detector and in random order
	$(call heading,tests)
	@$(functions) race=-race; \
	if ! go build -race runtime/cgo; then \
		skip 'the race detector: it needs a C compiler (Debian: gcc libc6-dev) and CGO_ENABLED other than 0'; race=; \
	fi; \
	mkdir -p bin && rm -f bin/simulation; \
	go test $$race -shuffle=on ./... || \
		broken 'a test failed. The same order again: go test -race -shuffle=SEED ./PACKAGE. A golden file: make golden'; \
	SEATSYNC_SIMULATION_SUMMARY='$(CURDIR)/bin/simulation' go test -shuffle=on ./reconcile/simulation || broken 'the simulation failed'; \
	printf '\n%s\n' 'what was simulated:' && cat bin/simulation; \
	go test -run LittleMemory ./reconcile/report ./cmd/seatsync || broken 'something takes too much memory'
	@$(functions) for module in $(filter-out deploy/release,$(MODULES)); do \
		printf '%s\n' "in $$module:"; \
		go -C "$$module" test ./... || broken "a test failed: go -C $$module test ./..."; \
	done

# go shrinks every input that reaches new code, for up to a minute each: in a short run it would do nothing else. At the
# end of the time go may report its own deadline as a failure (https://go.dev/issue/75804). A failing input and a panic read
# otherwise; this alone runs once more.
fuzz: ## run every fuzz target for FUZZTIME, 5s unless said (make fuzz FUZZTIME=5m)
	$(call heading,fuzz targets for $(FUZZTIME) each)
	@$(functions) mkdir -p bin; \
	try() { rm -f bin/fuzz.failed; { go test -C "$$1" -run '^$$' -fuzz "^$$2\$$" -fuzztime '$(FUZZTIME)' \
		-fuzzminimizetime 100x . 2>&1 || : >bin/fuzz.failed; } | tee bin/fuzz.log; [ ! -e bin/fuzz.failed ]; }; \
	deadline() { [ "$$(grep -A1 '^--- FAIL' bin/fuzz.log | tail -n +2)" = '    context deadline exceeded' ]; }; \
	for package in $$(grep -rl --include='*_test.go' '^func Fuzz' . | sed 's|/[^/]*$$||' | sort -u); do \
		targets=$$(go test -C "$$package" -list '^Fuzz' .) || broken "$$package does not build: $$targets"; \
		for target in $$(printf '%s\n' "$$targets" | grep '^Fuzz'); do \
			printf '%s\n' "$$package $$target"; \
			try "$$package" "$$target" || { deadline && try "$$package" "$$target"; } || \
				broken "$$target failed. Fix the code and commit the input that go wrote to $$package/testdata/fuzz/$$target"; \
		done; \
	done

# A story of a seed is played and printed; without one, stories of fresh seeds for HOURS, from the seed FROM on.
HOURS ?= 0.02
SIMULATE = go test -count=1 -timeout 0 ./reconcile/simulation -v
.PHONY: simulate
simulate: ## live made-up accounts against the real program (SEED=17 for one story, HOURS=8, MUTATION=lock)
ifdef SEED
	$(SIMULATE) -run TestSeed -seed $(SEED)
else ifdef MUTATION
	$(SIMULATE) -run TestMutation -mutation $(MUTATION)
else
	$(SIMULATE) -run TestHours -hours $(HOURS) $(if $(FROM),-from $(FROM))
endif

generate: ## write the generated code again
	go generate ./...

golden: ## let the packages that have golden files write them again; review the result with git diff
	@for package in $$(grep -rlE --include='*_test.go' 'flag\.Bool(Var)?\(.*"update"' . | \
		sed 's|/[^/]*$$||' | sort -u); do \
		go test -C "$$package" . -update || exit 1; \
	done

# What benchstat wants: make bench COUNT=10 >new.txt. MILLION=yes adds a million users, which takes some gigabytes.
COUNT ?= 1
bench: ## run the benchmarks (COUNT=10 for benchstat, MILLION=yes for a million users)
	$(if $(MILLION),SEATSYNC_BENCH_MILLION=yes) go test -run '^$$' -bench . -benchmem -count $(COUNT) -timeout 1h ./...

.PHONY: bench-peers
bench-peers: ## measure seatsync side by side with Cloudflare's SDK, against the sandbox; takes some five minutes
	@go -C bench/peers run . -seatsync ../..

# Puts axe-core where reconcile/browser looks for it; $(1) is what to do where that fails.
axe = grep -qs '"version": "$(AXE)"' bin/axe/node_modules/axe-core/package.json || \
	npm install --prefix bin/axe --silent --no-save --ignore-scripts --no-audit --no-fund axe-core@$(AXE) || \
	$(1) 'no axe-core $(AXE) (it takes npm; Debian: npm): the pages are not tested for accessibility, which fails when CI=true'

deps: ## install what the tests need beyond Go: Debian packages, when root; otherwise say what is missing
	$(call heading,what the tests need)
	@$(functions) \
	compiler() { printf '#include <stdlib.h>\nint main(void) { return 0; }\n' | \
		$$(go env CC) -x c -o /dev/null - 2>/dev/null; }; \
	browser() { for name in chromium chromium-browser google-chrome chrome; do \
		command -v "$$name" && return; done; return 1; }; \
	apt() { log=$$(DEBIAN_FRONTEND=noninteractive apt-get -q -o Acquire::Retries=2 -o Acquire::http::Timeout=20 \
		-o DPkg::Lock::Timeout=60 "$$@" 2>&1) || { printf '%s\n' "$$log" | tail -n 5 >&2; false; }; }; \
	debian() { [ '$(APT)' = yes ] && [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null || return 1; \
		[ -n "$${updated:-}" ] || { updated=yes; apt update; }; \
		printf '%s\n' "installing $$*"; apt install -y --no-install-recommends "$$@"; }; \
	command -v go >/dev/null || broken 'there is no go: install it from https://go.dev/doc/install'; \
	[ ! -e /etc/debian_version ] || [ -e /etc/ssl/certs/ca-certificates.crt ] || debian ca-certificates || \
		note 'no ca-certificates: downloads may fail'; \
	command -v git >/dev/null || debian git || note 'no git: untracked files under generated/ go unseen'; \
	compiler || debian gcc libc6-dev || note 'no C compiler (Debian: gcc libc6-dev): no race detector'; \
	browser >/dev/null || debian chromium fonts-liberation || \
		note 'no Chromium or Chrome (Debian: chromium): the tests of the HTML pages are skipped, and fail when CI=true'; \
	command -v npm >/dev/null || debian npm || true; \
	command -v promtool >/dev/null || debian prometheus || \
		note 'no promtool (Debian: prometheus): the alert rules are not tested, which fails when CI=true'; \
	$(call axe,note) ; \
	go version; git --version 2>/dev/null; browser || true

tools: ## download and build the pinned tools ahead of time
	@$(functions) for module in . $(MODULES); do go -C "$$module" mod download || exit 1; done; \
	for tool in $(STATICCHECK) $(GOVULNCHECK) $(ACTIONLINT); do have "$$tool" && printf '%s\n' "$$tool" || exit 1; done
	@$(functions) $(call axe,broken)

clean: ## remove what was built
	rm -rf bin coverage.out

check-generated: ## .. generated code is up to date and known to git
	$(call heading,generated code)
	@$(functions) before=$$(mktemp -d) && trap 'rm -rf "$$before"' EXIT && trap 'exit 1' INT TERM; \
	tar --exclude=./.git --exclude=./bin --exclude=.seatsync --exclude=node_modules -cf - . | tar -xf - -C "$$before"; \
	go generate ./... || broken 'go generate failed'; \
	diff -ruN -x .git -x bin -x .seatsync -x node_modules "$$before" . || \
		broken 'go generate has just written the differences above. Review and commit them; never edit generated code'; \
	if git ls-files generated 2>/dev/null | grep -q .; then \
		stray=$$(git ls-files --others --exclude-standard generated); \
		[ -z "$$stray" ] || broken "git does not know these files under generated/; git add them or delete them: $$stray"; \
	else \
		printf '%s\n' 'git knows nothing under generated/ here: untracked files are not looked for'; \
	fi

check-modules: ## .. go.mod and go.sum are tidy, the downloads genuine
	$(call heading,modules)
	@$(functions) for module in . $(MODULES); do \
		go -C "$$module" mod tidy -diff || broken "go.mod or go.sum is not tidy: go -C $$module mod tidy"; \
		go -C "$$module" mod verify || broken "a module differs from its checksum: go clean -modcache, and ask why"; \
	done

check-format: ## .. gofmt
	$(call heading,gofmt)
	@$(functions) gofmt="$$(go env GOROOT)/bin/gofmt"; [ -x "$$gofmt" ] || gofmt=gofmt; \
	files=$$("$$gofmt" -l .) || broken 'a file above does not parse'; \
	[ -z "$$files" ] || { "$$gofmt" -d $$files; broken "not formatted; gofmt -w" $$files; }

check-vet: ## .. go vet
	$(call heading,go vet)
	@$(functions) for module in . $(MODULES); do \
		go -C "$$module" vet ./... || broken "fix what go vet says above (again: go -C $$module vet ./...)"; \
	done

# Their tests are built and vetted, not run: that takes a machine of theirs. Of the packages with code that differs.
SYSTEMS  := windows/amd64 darwin/arm64
PLATFORM := ./cmd/seatsync ./reconcile/record

check-systems: ## .. what differs on Windows and macOS builds and passes vet, with its tests
	$(call heading,Windows and macOS)
	@$(functions) for system in $(SYSTEMS); do \
		printf '%s\n' "$$system"; \
		export CGO_ENABLED=0 GOOS="$${system%/*}" GOARCH="$${system#*/}"; \
		go build -trimpath ./... && go vet -trimpath $(PLATFORM) && for package in $(PLATFORM); do \
			go test -trimpath -c -o /dev/null "$$package" || exit 1; \
		done || broken "it does not build for $$system: GOOS=$$GOOS GOARCH=$$GOARCH go vet $(PLATFORM)"; \
	done

check-staticcheck: ## .. staticcheck
	$(call heading,staticcheck)
	@$(functions) have $(STATICCHECK) || { skip '$(STATICCHECK) cannot be had'; exit 0; }; \
	for module in . $(MODULES); do \
		(cd "$$module" && go run $(STATICCHECK) ./...) || \
			broken 'fix what staticcheck says above (https://staticcheck.dev/docs/checks explains each code)'; \
	done

check-vulnerabilities: ## .. no known vulnerability is reachable, as far as https://vuln.go.dev can be asked
	$(call heading,govulncheck)
	@$(functions) have $(GOVULNCHECK) || { skip '$(GOVULNCHECK) cannot be had'; exit 0; }; \
	found=$$(go run $(GOVULNCHECK) ./... 2>&1) && { printf '%s\n' "$$found"; exit 0; }; \
	printf '%s\n' "$$found"; \
	case $$found in \
	*'fetching vulnerabilities'*) note 'NOT CHECKED for known vulnerabilities: https://vuln.go.dev cannot be reached';; \
	*'from the Go standard library.'*) skip 'the vulnerabilities above, all of them in the Go of this machine: update it';; \
	*'loading packages'*) broken 'the packages do not build: see above';; \
	*) broken 'update the modules named above: go get MODULE@VERSION && go mod tidy';; \
	esac

check-openapi: ## .. openapi/seats.yaml passes its linter
	$(call heading,OpenAPI description)
	@$(functions) go -C openapi/lint run . ../seats.yaml || \
		broken 'fix openapi/seats.yaml; the rules are in openapi/lint/rules.yaml'

# shellcheck and pyflakes are whatever the machine has, or nothing: left out, so that every machine says the same.
check-workflows: ## .. the GitHub workflows pass actionlint
	$(call heading,actionlint)
	@$(functions) have $(ACTIONLINT) || { skip '$(ACTIONLINT) cannot be had'; exit 0; }; \
	go run $(ACTIONLINT) -shellcheck= -pyflakes= $(WORKFLOWS) || broken 'fix the workflows named above'

start:
	@rm -f bin/notes

finish: deps lint unit fuzz
	$(call heading,everything passed)
	@if [ -s bin/notes ]; then printf 'but:\n'; sed 's/^/!!! /' bin/notes; fi
