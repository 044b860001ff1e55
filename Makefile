# The two commands of the README are `make demo` and `make test`; `make help` lists all. Every target may be repeated: what is there is not
# made again. Caches live below $XDG_CACHE_HOME/hanko-operator and may be removed at any time.
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.ONESHELL:
.DEFAULT_GOAL := help
.PHONY: help setup build images lint test soak fuzz bench demo demo-down generate clean

CACHE := $(or $(XDG_CACHE_HOME),$(HOME)/.cache)/hanko-operator
export CARGO_TARGET_DIR ?= $(CACHE)/target
# dev or release: what `make images` packs.
PROFILE ?= dev
# One build for everything: the same packages, targets and features, so that no dependency is compiled twice.
BUILD := cargo build --workspace --all-targets --locked
RELEASE_BUILD := cargo build --workspace --bins --locked --release

help: ## list the targets
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  make \1\t\2/p' Makefile | expand -t 20

setup: ## install the packages that building and testing need (as root; idempotent)
	@. e2e/steps.sh
	step "packages" e2e/setup.sh

build: ## compile the workspace
	@. e2e/steps.sh
	step "build" $(BUILD)

images: ## pack the two programs into OCI archives (PROFILE=release for small ones)
	@. e2e/steps.sh
	step "build" $(if $(filter release,$(PROFILE)),$(RELEASE_BUILD),$(BUILD))
	step "images" e2e/images.sh $(if $(filter release,$(PROFILE)),release,debug)

lint: ## format and lints, without the tests
	@. e2e/steps.sh
	step "format" cargo fmt --all --check
	step "lints" cargo clippy --workspace --all-targets --locked -- -D warnings
	step "licences, sources, banned crates" .ci/cargo-deny

test: ## install, format, lints, unit, integration, cluster and browser tests (KEEP=1 leaves the cluster running)
	@. e2e/steps.sh
	cleanup='e2e/databases.sh down; $(if $(KEEP),,e2e/cluster/cluster.sh reset)'
	step "packages" e2e/setup.sh
	beside e2e/cluster/programs.sh
	step "format" cargo fmt --all --check
	step "build" $(BUILD)
	step "lints" cargo clippy --workspace --all-targets --locked -- -D warnings
	step "licences, sources, banned crates" .ci/cargo-deny
	step "databases" e2e/databases.sh up
	eval "$$(e2e/databases.sh up)"
	export HANKO_TEST_REQUIRE_DATABASES=1
	step "unit and integration tests" cargo test --workspace --locked
	step "rest of the Go programs" join
	step "images" e2e/images.sh
	step "cluster" e2e/tests.sh fresh
	step "cluster and browser tests" e2e/tests.sh run

soak: ## the long forms of the tests (about an hour; needs nothing but `make test` to have passed)
	@. e2e/steps.sh
	cleanup='e2e/databases.sh down; $(if $(KEEP),,e2e/cluster/cluster.sh reset)'
	export SOAK=1 PROPTEST_CASES=20000 HANKO_TEST_REQUIRE_DATABASES=1
	step "build" $(BUILD)
	eval "$$(e2e/databases.sh up)"
	step "property tests, many cases" cargo test --workspace --locked
	step "images" e2e/images.sh
	step "cluster" e2e/tests.sh fresh
	step "cluster and browser tests" e2e/tests.sh run
	step "browser tests on two replicas" e2e/tests.sh replicas 3

fuzz: ## feed the flows with nonsense (FUZZ_SECONDS=60)
	@. e2e/steps.sh
	step "packages" e2e/setup.sh
	step "flows" runtime/flow/fuzz/run.sh $(or $(FUZZ_SECONDS),60)

demo: ## a cluster with one tenant, a demo page and its mail, to play with
	@. e2e/steps.sh
	step "packages" e2e/setup.sh
	beside e2e/cluster/programs.sh
	step "build" $(BUILD)
	step "rest of the Go programs" join
	step "images" e2e/images.sh
	step "demo cluster" e2e/demo.sh up
	hint=$$(e2e/demo.sh hint)

bench: ## measure a release build and write docs/benchmarks.md (some minutes; never part of the tests)
	@. e2e/steps.sh
	export CLUSTER=hanko-bench CLUSTER_NET=10.248
	cleanup='e2e/cluster/cluster.sh reset'
	step "packages" e2e/setup.sh
	step "Go programs" e2e/cluster/programs.sh
	step "release build" $(RELEASE_BUILD)
	step "one process" e2e/bench/run.sh
	step "images" e2e/images.sh release
	step "cluster" e2e/install.sh release
	step "tenants on a cluster" e2e/bench/tenants.sh

generate: ## write everything that is derived: CRDs, JSON schema, resource reference, flow diagrams, OpenAPI
	@cargo run --locked -p hanko-crds --bin generate
	UPDATE_DOCS=1 cargo test --quiet --locked -p hanko-flow the_pages_in_the_docs
	UPDATE_DOCS=1 cargo test --quiet --locked -p hanko-runtime the_description_in_the_docs

demo-down: ## stop the demo and forget its data
	@e2e/demo.sh down

clean: ## stop everything, and remove what was built in this folder (the caches stay)
	@e2e/demo.sh down
	e2e/cluster/cluster.sh reset
	e2e/databases.sh down
	rm -rf e2e/artefacts e2e/node_modules e2e/examples/*/{.next,dist}
