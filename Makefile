# From a fresh clone with nothing but Python 3.11:
#   make demo    the studio, open on a sample clip
#   make test    all tests
# PYTHON=/path/to/python picks the interpreter; ARGS goes to what is run, e.g.
#   make test ARGS="tests/annotations -x"    make demo ARGS="--port 7900 --no-browser"

SHELL := /bin/bash
BIN := .venv/bin
# A file's tests stay together, as they share what they set up, and files come in their order: a
# browser's tests leave an event loop behind, in which those of the job engine could not run.
WORKERS := -n 2 --dist loadfile --no-loadscope-reorder
# pyright: no look-up of newer versions, node from the locked package
export PYRIGHT_PYTHON_IGNORE_WARNINGS := 1

.PHONY: help setup demo test check lock clean

help:
	@sed -n '1,5s/^# \{0,1\}//p' Makefile
	@echo "targets: setup demo test check lock clean"

setup:
	@PYTHON="$(PYTHON)" requirements/setup.sh

demo: setup
	$(BIN)/rewis3d demo $(ARGS)

test: setup
	@requirements/chromium.sh
	$(BIN)/python -m pytest -rs $(WORKERS) $(ARGS)

check: setup
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/pyright
	$(BIN)/lint-imports
	$(BIN)/python -m pytest -q tests/test_structure.py

lock: setup
	$(BIN)/python requirements/lock.py

clean:
	rm -rf .venv build dist *.egg-info .pytest_cache .ruff_cache .hypothesis .benchmarks .import_linter_cache test-artifacts
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
