# The front door. `make` alone lists what there is.
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory

TARGET := $(or $(CARGO_TARGET_DIR),target)
# Without it the window loads the development address instead of the UI inside the program.
WITH_UI := --features roadstead/custom-protocol
UI_SOURCES := $(shell find ui/src ui/static ui/package.json ui/svelte.config.js ui/vite.config.ts -type f 2>/dev/null)
# Written by `npm ci` and by the UI's build; the placeholder of a fresh clone has no such file.
UI_INSTALLED := ui/node_modules/.package-lock.json
UI_BUILT := ui/build/_app/version.json

.PHONY: help
help: ## List these commands
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-9s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

.PHONY: run
run: ## Set up, build and start Roadstead (ARGS=… go to the program)
	scripts/setup run
	$(MAKE) build
	scripts/run "$(TARGET)/release/roadstead" $(ARGS)

.PHONY: test
test: ## Set up and pass every test: real engines and the native window too
	scripts/test

.PHONY: bench
bench: ## Measure everything, each beside what a user would use instead
	cargo run --release --quiet -p roadstead-bench -- all

.PHONY: build
build: ui ## Build the program (release)
	cargo build --release -p roadstead $(WITH_UI)

.PHONY: app
app: ui ## Build the program quickly, for the window tests
	cargo build -p roadstead $(WITH_UI)

.PHONY: ui
ui: $(UI_BUILT) ## Build the UI that goes into the program

.PHONY: dev
dev: $(UI_INSTALLED) ## Work on the UI in the window, with live reload
	npm --prefix ui run dev & trap "kill $$!" EXIT; cargo run -p roadstead

.PHONY: fmt
fmt: $(UI_INSTALLED) ## Format everything
	cargo fmt --all
	npm --prefix ui run format

.PHONY: lint
lint: ui ## Check formatting and every lint
	scripts/test lint

.PHONY: bindings
bindings: ## Write the UI's types anew from the engine's
	UPDATE_BINDINGS=1 cargo test -q -p roadstead-engine bindings

.PHONY: deny
deny: ## Check licences, sources and advisories of what we build on
	@command -v cargo-deny >/dev/null || { echo "cargo-deny is missing: cargo install cargo-deny --locked" >&2; exit 2; }
	cargo deny check

.PHONY: icons
icons: ## Draw every icon anew from icons/source.svg
	scripts/icons

.PHONY: clean
clean: ## Remove what was built
	cargo clean
	rm -rf ui/build ui/.svelte-kit ui/node_modules screenshots

$(UI_INSTALLED): ui/package-lock.json
	npm --prefix ui ci --no-audit --no-fund
	@touch $@

$(UI_BUILT): $(UI_INSTALLED) $(UI_SOURCES)
	npm --prefix ui run build
	@touch $@
