# make demo   sets everything up and plays the main job on a small story, against a simulated GitHub
# make test   sets everything up and runs every check that CI runs
# make audit  asks osv.dev and vuln.go.dev for known vulnerabilities of the dependencies, where they can be reached
# make engine builds argofix-engine anew; `make setup` does it once, and goes on where it cannot
# make docs   writes anew what is generated: pages about rules and commands, what README.md shows
# make bench  times checks of a generated monorepo of 1,000 Applications
# make conformance  holds the engine against kustomize and helm, which it builds first (minutes); with CORPUS="DIRECTORY" there too
# make lock   writes the lock files anew from pyproject.toml
# make clean  removes what the others made
.DEFAULT_GOAL := help
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
ENGINE_STAMP := $(VENV)/.engine
ENGINE_SOURCES := engine/build.py requirements.engine.lock engine/go.mod engine/go.sum \
  $(shell find engine -path engine/conformance -prune -o -name '*.go' ! -name '*_test.go' -print -o -name '*.s' -print)
# Python compiles what it imports, a third of what is installed.
PIP := $(BIN)/python -m pip install --quiet --no-compile --disable-pip-version-check
# What is compiled is kept, whatever the environment says: several workers import the same modules.
unexport PYTHONDONTWRITEBYTECODE
COMPILE := $(BIN)/uv pip compile --quiet --universal --generate-hashes --no-header --no-annotate \
  --no-emit-index-url --no-emit-find-links --python-version 3.11

.PHONY: help setup tools engine demo test static lint audit unit docs conformance bench lock clean

help:
	@sed -n 's/^# make/make/p' Makefile

# One clear line for each thing that pip cannot install.
tools:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "argofix needs Python 3.11 or newer")'
	@git version 2>/dev/null | $(PYTHON) -c 'import re, sys; \
	  found = re.search(r"(\d+)\.(\d+)", sys.stdin.read()); \
	  sys.exit(None if found and tuple(map(int, found.groups())) >= (2, 38) else "argofix needs git 2.38 or newer")'

# Compiling and installing take about the same time.
setup: tools
	@$(MAKE) --no-print-directory --jobs=2 $(STAMP) $(ENGINE_STAMP)

$(BIN)/python:
	$(PYTHON) -m venv $(VENV)

$(STAMP): requirements.lock pyproject.toml | $(BIN)/python
	$(PIP) --require-hashes -r requirements.lock
	$(PIP) --no-deps --no-build-isolation -e .
	touch $@

# Where it cannot be built, one line says why, and everything else goes on.
$(ENGINE_STAMP): $(ENGINE_SOURCES) | $(BIN)/python
	$(PYTHON) engine/build.py --go-on --pip $(BIN)/python $(BIN)/argofix-engine
	@touch $@

engine: tools $(BIN)/python
	$(PYTHON) engine/build.py --pip $(BIN)/python $(BIN)/argofix-engine

demo: setup
	$(BIN)/python -m demo

# Tests wait for processes now and then; what is judged without running fits in between.
test: setup
	@$(MAKE) --no-print-directory --jobs=2 unit static

static: lint audit

lint: setup
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	@$(PYTHON) engine/build.py --check --go-on --pip $(BIN)/python

# Known vulnerabilities of what the server's image installs. Where the advisories cannot be reached, it says so and goes on.
audit: setup
	@if $(BIN)/python -c 'import urllib.request; urllib.request.urlopen("https://api.osv.dev/", timeout=5)' 2>&1 \
	    | grep -q 'URLError\|timed out\|TimeoutError'; \
	then echo "not audited: the advisories of osv.dev cannot be reached from here"; \
	else $(PIP) 'pip-audit>=2.9,<3' && $(BIN)/pip-audit --vulnerability-service osv --disable-pip --require-hashes \
	    --requirement requirements.server.lock; fi
	@$(PYTHON) engine/build.py --audit --go-on --pip $(BIN)/python

# Neighbours share what a session remembers: rendered files, a database server. A test waits for processes for half of
# its time, so there are more of them than cores. Where the engine can be built, tests that need it fail without it.
WORKERS ?= $(shell $(PYTHON) -c 'import os; print((os.cpu_count() or 1) * 3 // 2)')
unit: setup
	TESTS_NEED_ENGINE=$$($(PYTHON) engine/build.py --expected) $(BIN)/pytest -n $(WORKERS) --dist worksteal

docs: setup
	$(BIN)/python -m docs

conformance: setup
	@$(PYTHON) engine/build.py --conformance --pip $(BIN)/python
	$(BIN)/python -m benchmarks.conformance --corpus $(CORPUS)

bench: setup
	$(BIN)/python -m benchmarks.check

# Four files: everything, what the server's image needs, what builds the wheel, and what brings a Go.
lock: setup
	$(PIP) uv
	mkdir -p build
	$(BIN)/python -c 'import tomllib; \
	  print(*tomllib.load(open("pyproject.toml", "rb"))["build-system"]["requires"], sep="\n")' > build/backend.in
	$(BIN)/python -c 'import tomllib; \
	  print(*tomllib.load(open("pyproject.toml", "rb"))["dependency-groups"]["engine"], sep="\n")' > build/engine.in
	$(COMPILE) --all-extras pyproject.toml build/backend.in -o requirements.lock
	$(COMPILE) build/engine.in -o requirements.engine.lock
	$(COMPILE) -c requirements.lock pyproject.toml -o requirements.server.lock
	$(COMPILE) -c requirements.lock build/backend.in -o requirements.build.lock

clean:
	rm -rf $(VENV) build .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
