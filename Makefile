# socktrace: every target does its own set-up; `make help` lists them.
# Stamps live beside what they vouch for, so a target whose inputs have not changed does nothing.

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DELETE_ON_ERROR:
.DEFAULT_GOAL := build
MAKEFLAGS += --no-print-directory

SOURCES := $(shell find src -name '*.ts')
ENGINE := src/flow/engine-code.ts
BUILDERS := scripts/build.mjs scripts/engine.mjs $(wildcard scripts/late/*.cjs) scripts/start.cjs scripts/code-cache.cjs scripts/bench/generate.mjs
VERSION := $(shell sed -n 's/^  "version": "\(.*\)",$$/\1/p' package.json)
TARBALL := build/socktrace-$(VERSION).tgz
BIN := node_modules/.bin

# Headers that came with this Node: node-gyp then downloads none.
NODE_PREFIX := $(shell dirname "$$(dirname "$$(readlink -f "$$(command -v node)")")")
ifneq ($(wildcard $(NODE_PREFIX)/include/node/node.h),)
export npm_config_nodedir := $(NODE_PREFIX)
endif

.PHONY: help build check test test-full fuzz bench oracles manual screenshots package pack demo clean \
  system-build system-test system-bench system-demo system-screenshots

help: ## this list
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  make \1\t\2/p' Makefile | expand -t 20

build: dist/cli/main.js ## a runnable bin/socktrace (installs the npm dependencies when they are missing)

# A build of `cap` (libpcap) may fail: it is optional, the ring engine needs no compiler.
node_modules/.stamp: package-lock.json scripts/install.sh
	@scripts/system-packages.sh build
	@scripts/install.sh
	@touch $@

# The packet path as WebAssembly; `node scripts/build.mjs` makes it too.
$(ENGINE): $(wildcard src/flow/engine/*.ts) scripts/engine.mjs node_modules/.stamp
	@node scripts/engine.mjs

dist/cli/main.js: $(SOURCES) $(BUILDERS) package.json node_modules/.stamp
	@node scripts/build.mjs

check: $(ENGINE) ## types, lint, layers, unused code, file sizes, purity
	@node scripts/check.mjs

test: system-test build pack package ## every test, with its set-up
	@node --import tsx scripts/test.mjs

test-full: system-test ## every test, nothing cached, with the longer runs and coverage
	@rm -rf dist build
	@$(MAKE) build pack package
	@TSX_DISABLE_CACHE=1 SOCKTRACE_FULL=1 $(BIN)/c8 --include 'src/**' --reporter text-summary \
	  node --import tsx scripts/test.mjs

# Bash counts its own SECONDS, so that it is handed over by another name.
fuzz: $(ENGINE) ## damaged captures through `read` for SECONDS=60 (0: for ever); SEED=N ROUND=N runs one again
	@FUZZ_SECONDS=$(or $(SECONDS),60) node --import tsx scripts/fuzz.ts

bench: system-bench build ## throughput beside capinfos, tcpdump, tcptrace and tshark
	@node scripts/bench/bench.mjs

oracles: system-test $(ENGINE) ## what tshark, tcptrace, Zeek and Arkime say about the same captures, beside us
	@node --import tsx scripts/oracles.mjs

manual: $(ENGINE) ## docs/socktrace.1, from the definitions of the commands
	@node --import tsx scripts/man-page.ts

screenshots: system-screenshots build ## docs/live-*.svg, from the live view as it is now
	@node scripts/screenshots.mjs

package: build/socktrace-linux-x64 ## one executable for linux-x64, with no Node needed to run it

build/socktrace-linux-x64: dist/cli/main.js scripts/package.mjs
	@node scripts/package.mjs $@

pack: build/npm-prefix/.stamp

$(TARBALL): dist/cli/main.js README.md CHANGELOG.md LICENSE bin/socktrace
	@mkdir -p build
	@npm pack --ignore-scripts --silent --pack-destination build >/dev/null
	@touch $@

# The packed tarball installed as a user would: the end-to-end tests run this copy too.
build/npm-prefix/.stamp: $(TARBALL)
	@rm -rf build/npm-prefix
	@npm install --global --prefix build/npm-prefix --allow-scripts=cap,koffi \
	  --no-audit --no-fund --loglevel error ./$(TARBALL)
	@touch $@

demo: system-demo build ## a real server and client in a lab of their own, explained step by step
	@bin/socktrace demo

system-build system-test system-bench system-demo system-screenshots:
	@scripts/system-packages.sh $(@:system-%=%)

clean: ## remove everything that was made here
	@rm -rf dist build coverage node_modules $(ENGINE)
