# A word for every chore; all set-up happens by itself.
PYTHON ?= python3
BIN = .venv/bin
ARGS ?=

# Compiled once instead of at every start, whatever the shell that calls make says.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: show test lint docs soak clean

show: .venv/runs
	@$(BIN)/fakeact -m llm_training $(ARGS)

test: lint
	$(BIN)/python -m pytest -n auto --dist worksteal $(ARGS)

lint: .venv/develops
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

docs: .venv/develops
	$(BIN)/python -m docs.generate

soak: .venv/develops
	$(BIN)/python -m pytest -n auto -m soak $(ARGS)

clean:
	rm -rf .venv dist .mypy_cache .pytest_cache .ruff_cache .hypothesis

.venv/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "fakeact needs Python 3.11 or newer; name one: make show PYTHON=/path/to/python3")'
	$(PYTHON) -m venv .venv

.venv/runs: pyproject.toml | .venv/bin/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable .
	@touch $@

.venv/develops: pyproject.toml | .venv/bin/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[dev]'
	@touch $@ .venv/runs
