# A word for every chore; all set-up happens by itself.
PYTHON ?= python3
BIN = .venv/bin
ARGS ?=

# Compiled once instead of at every start, whatever the shell that calls make says.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: show test lint docs pictures soak bench clean

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

pictures: .venv/develops
	$(BIN)/python -m docs.pictures

soak: .venv/develops
	$(BIN)/python -m pytest -n auto -m soak $(ARGS)

# The wheel as a user has it, in an environment of its own.
bench: .venv/develops
	$(PYTHON) -m venv .bench
	$(BIN)/python -m build --wheel --outdir .bench/dist . >/dev/null
	.bench/bin/python -m pip install --quiet --disable-pip-version-check -r benchmarks/requirements.txt
	.bench/bin/python -m pip install --quiet --disable-pip-version-check --force-reinstall --no-deps .bench/dist/*.whl
	.bench/bin/python -m pip install --quiet --disable-pip-version-check .bench/dist/*.whl
	.bench/bin/python benchmarks $(ARGS)

clean:
	rm -rf .venv .bench dist .mypy_cache .pytest_cache .ruff_cache .hypothesis

.venv/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "fakeact needs Python 3.11 or newer; name one: make show PYTHON=/path/to/python3")'
	$(PYTHON) -m venv .venv

.venv/runs: pyproject.toml | .venv/bin/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable .
	@touch $@

.venv/develops: pyproject.toml | .venv/bin/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[dev]'
	@touch $@ .venv/runs
