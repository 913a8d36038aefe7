# `make demo` and `make test` do everything, the set-up of $(VENV) included.
# TORCH_SPEC='torch==2.13.0 --index-url https://download.pytorch.org/whl/cu126'
# chooses another torch; the choice is remembered in $(VENV).
VENV ?= .venv
PYTHON ?= python3
RUN := $(VENV)/bin/python
export VENV PYTHON TORCH_SPEC

.PHONY: help setup demo test lint wheel docs

help:
	@echo 'make demo    train base and PISR on generated scenes, compare, draw (15 min)'
	@echo 'make test    run all tests; PYTEST_ARGS="-m '"'not slow'"'" leaves out the slow'
	@echo 'make lint    ruff and mypy'
	@echo 'make docs    build the documentation site: site/index.html'
	@echo 'make wheel   build dist/mmpisr-*.whl'
	@echo 'make setup   create $(VENV) only; the others do it when it is missing'

setup:
	@bash tools/setup_env.sh

demo: setup
	$(RUN) tools/demo.py $(DEMO_ARGS)

test: setup
	OMP_NUM_THREADS=1 $(RUN) -m pytest -n 2 $(PYTEST_ARGS)

lint: setup
	$(RUN) -m ruff check .
	$(RUN) -m ruff format --check .
	$(RUN) -m mypy

wheel: setup
	$(RUN) -m pip wheel . --no-deps --no-build-isolation -w dist

docs: setup
	NO_MKDOCS_2_WARNING=1 $(RUN) -m mkdocs build
