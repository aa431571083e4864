# Thin: each target installs what the machine lacks, builds, and runs. "make help" lists them.
#   make demo ARGS=--breach      YES=1 installs without asking      CC=clang-14 for another compiler

BUILD ?= build
TEST_BUILD ?= build-asan
CRASH_BUILD ?= build-crash
ARGS ?=
CMAKE_ARGS ?=

# The labels of a usual test run; CTest shows what was skipped and why.
LABELS = ^(unit|lua|fuzz|e2e|browser|style|crash)$$

# In the order in which make crash runs them; make crash CRASH_SCRIPTS=kill runs one.
CRASH_SCRIPTS = kill next index hostile bugs races net enumerate

# Configures a folder once (CMake itself notices later changes) and builds what is out of date.
define build
@test -f $(1)/build.ninja || cmake -S . -B $(1) -G Ninja $(2) $(CMAKE_ARGS) > $(1).log 2>&1 || \
	{ cat $(1).log; exit 1; }
@rm -f $(1).log
@cmake --build $(1) -- --quiet
endef

.PHONY: help demo test test-full test-large bench bench-peers bench-table bench-dashboard crash format docs clean packages-build packages-test packages-full npm
.DEFAULT_GOAL := help

help:
	@echo "make demo        the main job on a private PostgreSQL, with the dashboard (ARGS=--breach: it goes wrong)"
	@echo "make test        all tests, under AddressSanitizer and UBSan"
	@echo "make test-full   the same and clang, valgrind, long fuzz and crash runs, bench"
	@echo "make test-large  every plan at 100 times its document's sizes -> $(BUILD)/figures/plans-large.json"
	@echo "make bench       ratios against plain SQL, psql and a Node script -> $(BUILD)/figures/bench.json"
	@echo "make bench-peers  other tools that make bench measures too;  make bench-table: docs/benchmarks.md from its figures"
	@echo "make bench-dashboard  500 viewers against a plain socket program, 100,000 reconnects -> $(BUILD)/figures/dashboard.json"
	@echo "make crash       kill -9, lost connections and full disks at every point -> $(BUILD)/figures/crash.json"
	@echo "make format      C as .clang-format says;  make docs: the generated pages"
	@echo "make clean       removes what was built"

packages-build packages-test packages-full: packages-%:
	@packages/install $*

npm:
	@cmake -DDIR=tests -P cmake/npm.cmake

demo:
	@echo "headgate demo: looks for missing packages, builds (the first time takes a minute), then starts a private"
	@echo "PostgreSQL and the dashboard, and runs plans/canonical-events"
	@packages/install build
	$(call build,$(BUILD))
	@exec $(BUILD)/headgate demo $(ARGS)

test: packages-test npm
	$(call build,$(TEST_BUILD),-DSANITIZE=address$(comma)undefined -DCMAKE_BUILD_TYPE=Debug -DCMAKE_C_FLAGS=-O1)
	@ctest --test-dir $(TEST_BUILD) -L '$(LABELS)' -j2 --output-on-failure $(ARGS)

test-full: packages-full npm
	@tests/full.sh $(ARGS)

test-large: packages-full npm
	$(call build,$(BUILD))
	@HEADGATE_BIN=$(abspath $(BUILD))/headgate node tests/run.mjs --script plans/plans.ts --large $(ARGS)

bench: packages-build npm
	$(call build,$(BUILD))
	@node tests/run.mjs --script bench/bench.ts $(ARGS)

bench-peers:
	@cmake -DDIR=tests/bench/peers -P cmake/npm.cmake

bench-table: npm
	@node tests/run.mjs --script bench/table.ts --write

bench-dashboard: packages-build npm
	$(call build,$(BUILD))
	@node tests/run.mjs --script bench/viewers-scale.ts $(ARGS)
	@node tests/run.mjs --script wire/reconnects.ts
	@node tests/run.mjs --script wire/logins.ts

# Every script adds its figures; the ones that went wrong are named at the end.
crash: packages-build npm
	$(call build,$(CRASH_BUILD),-DHEADGATE_FAULTS=ON -DHEADGATE_BUGS=ON)
	@wrong=""; for script in $(CRASH_SCRIPTS); do echo "== $$script"; \
		HEADGATE_BIN=$(abspath $(CRASH_BUILD))/headgate node tests/run.mjs --script crash/$$script.ts $(ARGS) || \
		wrong="$$wrong $$script"; done; test -z "$$wrong" || { echo "wrong:$$wrong"; exit 1; }

format: packages-test
	@sh tests/style/format.sh . --write

docs: packages-build
	$(call build,$(BUILD))
	@sh tests/style/docs.sh . $(abspath $(BUILD))/headgate --write

clean:
	rm -rf $(BUILD) build-*

comma := ,
