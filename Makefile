.DEFAULT_GOAL := help
SHELL := /bin/bash
PYTHON ?= python3
BIN := .venv/bin
SET_UP := .venv/.set-up

.PHONY: help setup demo test test-fast check docs reference newcomer serve e2e infra browser bench bench-peers faults emulators lock clean

help: ## List the commands
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-11s %s\n", $$1, $$2}'

$(SET_UP): requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
		|| { echo "Python 3.11 or later is needed, $(PYTHON) is $$($(PYTHON) --version)" >&2; exit 1; }
	@start=$$SECONDS; \
	$(PYTHON) -m venv .venv \
	&& $(BIN)/pip install --quiet --disable-pip-version-check --no-deps --require-hashes -r requirements.lock \
	&& $(BIN)/pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e . \
	&& $(BIN)/pip check --disable-pip-version-check >/dev/null \
	&& touch $@ && echo "set-up took $$((SECONDS - start)) s"

setup: $(SET_UP) ## Create .venv with everything pinned by hash

demo: $(SET_UP) ## Set up, then play one game date of the sample league from start to finish
	@$(BIN)/props demo

test: $(SET_UP) ## Set up, then run the tests
	@$(BIN)/pytest -n 2 --dist worksteal --cov --cov-report=term:skip-covered --cov-fail-under=95

test-fast: $(SET_UP) ## Run the unit tests only
	@$(BIN)/pytest -n 2 --dist worksteal -m unit

check: $(SET_UP) ## Format, lint, types, layers
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports

DOCS_SET_UP := .docs/.set-up

$(DOCS_SET_UP): requirements/docs.lock $(SET_UP)
	@$(BIN)/python -m venv .docs \
	&& .docs/bin/pip install --quiet --disable-pip-version-check --no-deps --require-hashes -r requirements/docs.lock \
	&& touch $@

docs: $(DOCS_SET_UP) ## Build the documentation in site/; broken links and stale pages are errors
	@$(BIN)/python -m docs_tools.reference --check
	@$(BIN)/python -m docs_tools.site

reference: $(SET_UP) ## Write the pages that are made of the code
	@$(BIN)/python -m docs_tools.reference

newcomer: $(SET_UP) ## Walk a newcomer's path in a fresh clone and print what each step takes
	@$(BIN)/python -m docs_tools.newcomer

serve: $(SET_UP) ## Start coordinator, worker and broker on this machine
	@$(BIN)/props serve

e2e: $(SET_UP) emulators ## Google's clients on stand-ins: contracts, a game date, processes that are killed
	@$(BIN)/pytest -n 2 -m 'emulators and not faults'
	@$(BIN)/pytest -m faults

infra: $(SET_UP) emulators ## Terraform, images, release: what can be proved of them without a cloud
	@$(BIN)/python -m tests.infra.install
	@$(BIN)/pytest -n 3 --dist loadfile -m infra -rs

browser: $(SET_UP) $(DOCS_SET_UP) ## Look at console and documentation with a real browser: content, keyboard, axe
	@$(BIN)/python -m tests.browser.install
	@$(BIN)/pytest -n 2 -m browser -rs

bench: $(SET_UP) ## Measure ratios to the old shape, a bare answer and KServe
	@$(BIN)/props bench

bench-peers: $(SET_UP) ## Install KServe in .bench, pinned by hash
	@$(BIN)/python -m tests.bench.peers

RUNS ?= 1000
faults: $(SET_UP) ## Random faults in memory, RUNS of them
	@$(BIN)/python -m tests.faults --runs $(RUNS)

emulators: $(SET_UP) ## Install the stand-ins for Google's services in .emulators
	@$(BIN)/python -m tests.emulators.install

lock: ## Renew requirements.lock (needs uv)
	@uv pip compile --universal --python-version 3.11 --generate-hashes --extra dev --extra feeds --no-header --no-annotate -q pyproject.toml -o requirements.lock
	@uv pip compile --universal --python-version 3.11 --generate-hashes --no-header --no-annotate -q \
		<($(BIN)/python -m docs_tools.site --packages) -o requirements/docs.lock
	@$(BIN)/python -m infra.requirements

clean: ## Remove the virtual environments and the local state
	@rm -rf .venv .docs site .props .emulators .infra .browser .bench
