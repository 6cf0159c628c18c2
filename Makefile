# make help lists the commands.
.DEFAULT_GOAL := help
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
.PHONY: help setup setup-dev demo test test-all check fix messages bench docs lock clean

help:  ## list the commands
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## (.*)/  \1\t\2/' | expand -t 14

$(VENV)/.python:
	@$(PYTHON) -c 'import sys; sys.exit(0 if (3, 11) <= sys.version_info < (3, 13) else "error: Python 3.11 or 3.12 is needed\nhint: make PYTHON=python3.11 ...")'
	$(PYTHON) -m venv $(VENV)
	@touch $@

$(VENV)/.installed: $(VENV)/.python requirements.lock pyproject.toml
	$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	$(BIN)/python -m intake.loops
	@touch $@

$(VENV)/.installed-dev: $(VENV)/.installed requirements-dev.lock
	$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes -r requirements-dev.lock
	@touch $@

setup: $(VENV)/.installed  ## create .venv and install what running needs
setup-dev: $(VENV)/.installed-dev  ## the same, and what tests and checks need

demo: setup  ## run all eight steps on synthetic municipalities
	$(BIN)/sakusei demo --home demo

test: setup-dev  ## the tests (installs or finds Java, PostgreSQL, Chromium where it may)
	$(BIN)/python scripts/provision.py
	$(BIN)/pytest -n 2 --dist loadgroup

test-all: test  ## the tests, and a demonstration from nothing
	$(MAKE) demo

check: setup-dev  ## format, lint, types, imports, fresh documents; changes nothing
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python scripts/catalogue.py check
	$(BIN)/python scripts/docs.py check

fix: setup-dev  ## format and mend what can be mended
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

messages: setup-dev  ## update and compile the Japanese catalogue
	$(BIN)/python scripts/catalogue.py update

docs: setup-dev  ## write the generated parts of the documents
	$(BIN)/python scripts/docs.py write

bench: setup-dev  ## measure speed against peers and floors
	$(BIN)/python -m bench

lock:  ## resolve the dependencies again (needs uv)
	uv pip compile --universal --python-version 3.11 --generate-hashes --no-header --no-annotate --no-emit-index-url pyproject.toml --extra postgres --group build -o requirements.lock
	uv pip compile --universal --python-version 3.11 --generate-hashes --no-header --no-annotate --no-emit-index-url pyproject.toml --all-extras --group build --group dev -c requirements.lock -o requirements-dev.lock

clean:  ## remove what can be made again
	rm -rf demo build dist *.egg-info .mypy_cache .ruff_cache .pytest_cache
