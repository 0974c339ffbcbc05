# make demo   sets everything up and plays the main job on a small story, against a simulated GitHub
# make test   sets everything up and runs every check that CI runs
# make audit  asks osv.dev for known vulnerabilities of the dependencies, where it can be reached
# make docs   writes docs/rules.md anew from the rules' docstrings
# make bench  times checks of a generated monorepo of 1,000 Applications
# make lock   writes the lock files anew from pyproject.toml
# make clean  removes what the others made
.DEFAULT_GOAL := help
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check
COMPILE := $(BIN)/uv pip compile --quiet --universal --generate-hashes --no-header --no-annotate \
  --no-emit-index-url --no-emit-find-links --python-version 3.11

.PHONY: help setup tools demo test lint audit unit docs bench lock clean

help:
	@sed -n 's/^# make/make/p' Makefile

# One clear line for each thing that pip cannot install.
tools:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "argofix needs Python 3.11 or newer")'
	@git version 2>/dev/null | $(PYTHON) -c 'import re, sys; \
	  found = re.search(r"(\d+)\.(\d+)", sys.stdin.read()); \
	  sys.exit(None if found and tuple(map(int, found.groups())) >= (2, 38) else "argofix needs git 2.38 or newer")'
	@command -v kustomize >/dev/null || command -v kubectl >/dev/null || \
	  { echo "argofix needs kustomize or kubectl on PATH" >&2; exit 1; }

setup: tools $(STAMP)

$(STAMP): requirements.lock pyproject.toml
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(PIP) --require-hashes -r requirements.lock
	$(PIP) --no-deps --no-build-isolation -e .
	touch $@

demo: setup
	$(BIN)/python -m demo

test: setup lint audit unit

lint: setup
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

# Known vulnerabilities of what the server's image installs. Where the advisories cannot be reached, it says so and goes on.
audit: setup
	@if $(BIN)/python -c 'import urllib.request; urllib.request.urlopen("https://api.osv.dev/", timeout=5)' 2>&1 \
	    | grep -q 'URLError\|timed out\|TimeoutError'; \
	then echo "not audited: the advisories of osv.dev cannot be reached from here"; \
	else $(PIP) 'pip-audit>=2.9,<3' && $(BIN)/pip-audit --vulnerability-service osv --disable-pip --require-hashes \
	    --requirement requirements.server.lock; fi

# Neighbours share what a session remembers: rendered files, a database server.
unit: setup
	$(BIN)/pytest -n auto --dist worksteal

docs: setup
	$(BIN)/python -m docs

bench: setup
	$(BIN)/python -m benchmarks.check

# Three files: everything, what the server's image needs, and what builds the wheel.
lock: setup
	$(PIP) uv
	mkdir -p build
	$(BIN)/python -c 'import tomllib; \
	  print(*tomllib.load(open("pyproject.toml", "rb"))["build-system"]["requires"], sep="\n")' > build/backend.in
	$(COMPILE) --all-extras pyproject.toml build/backend.in -o requirements.lock
	$(COMPILE) -c requirements.lock pyproject.toml -o requirements.server.lock
	$(COMPILE) -c requirements.lock build/backend.in -o requirements.build.lock

clean:
	rm -rf $(VENV) build .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
