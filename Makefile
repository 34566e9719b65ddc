# Thin: every target is one or two commands of the tools themselves.

PYTHON ?= python3
VENV   ?= .venv
BIN    := $(VENV)/bin
AS_ROOT := $(shell [ "$$(id -u)" = 0 ] && echo yes)

.PHONY: help demo test test-full bench bench-full check install install-test install-bench clean

help:
	@echo "make demo       install, simulate a microscope session, process it as it arrives, and make a map of it"
	@echo "make test       install what the tests need and run the short tier (make test-full: the long one too)"
	@echo "make bench      measure beside peers and write bench/RESULTS.md (make bench-full: at size)"
	@echo "make check      ruff, mypy --strict, import-linter"

$(BIN)/python:
	@$(PYTHON) -c 'import ensurepip' 2>/dev/null || [ -z "$(AS_ROOT)" ] || { apt-get update -qq && apt-get install -y -qq python3-venv; }
	$(PYTHON) -m venv $(VENV)

$(VENV)/.installed: pyproject.toml | $(BIN)/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -e .
	@touch $@

$(VENV)/.installed-test: pyproject.toml | $(BIN)/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -e '.[test,check]'
	@touch $@

install: $(VENV)/.installed

install-test: $(VENV)/.installed-test
	@command -v relion_refine >/dev/null || [ -z "$(AS_ROOT)" ] || { apt-get update -qq && apt-get install -y -qq relion >/dev/null; }

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

check: install-test
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

clean:
	rm -rf build dist .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
