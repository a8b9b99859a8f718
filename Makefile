# make demo | make test | make test-numpy | make test-spark | make docs | make bench | make clean
#
# Each target creates the virtual environment that it needs; only Python and make have to be there.
# PYTHON=python3.12 picks the interpreter. PYTEST_ARGS="-k steps" adds options for pytest.

PYTHON ?= python3
JOBS ?= 2
PYTEST_ARGS ?=
BENCH_ARGS ?=
VENV := .venv
NUMPY_VENV := .venv-numpy
SPARK_VENV := .venv-spark
BENCH_VENV := .venv-bench
BIN := $(VENV)/bin

# CI runs the exhaustive tests too, measures coverage, and keeps its log short.
ifeq ($(CI),true)
  OPTIONS := --tb=short --maxfail=50
  QUIET := --quiet
else
  OPTIONS := -m "not exhaustive"
  QUIET :=
endif
# Tests stay in the order of their backends, whose compiled functions are then kept in one process.
PARALLEL := -n $(JOBS) --dist worksteal

export TF_CPP_MIN_LOG_LEVEL ?= 2
export PIP_DISABLE_PIP_VERSION_CHECK := 1

.PHONY: help demo test test-numpy test-spark docs bench clean
.DELETE_ON_ERROR:

help:
	@sed -n '1s/^# //p' Makefile

demo: $(VENV)/.demo
	$(BIN)/softset demo

# A framework that does not import fails the run; without this variable its tests would skip.
test: export SOFTSET_BACKENDS ?= all
test: $(VENV)/.dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/pyright --pythonpath $(BIN)/python
	$(BIN)/lint-imports --no-logo
ifeq ($(CI)$(PYTEST_ARGS),true)
# Coverage makes tests slower by a third. It is that of both runs: compilers' lines are in the second.
	$(BIN)/pytest $(PARALLEL) $(OPTIONS) -m "not exhaustive" --cov --cov-report= --cov-fail-under=0
	$(BIN)/pytest $(PARALLEL) $(OPTIONS) -m exhaustive --cov --cov-append --cov-report=term
else
	$(BIN)/pytest $(PARALLEL) $(OPTIONS) $(PYTEST_ARGS)
endif

# The kernel with NumPy alone: tests of the other backends skip and say why.
test-numpy: $(NUMPY_VENV)/.numpy
	$(NUMPY_VENV)/bin/python -m pytest $(OPTIONS) $(PYTEST_ARGS)

# Counts of data frames in PySpark's local mode, which needs Java 17 or later.
test-spark: $(SPARK_VENV)/.spark
	$(SPARK_VENV)/bin/python -m pytest $(OPTIONS) -k spark tests/softset_backends/test_count_table.py

docs: $(VENV)/.dev
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict

# BENCH_ARGS=--quick is a part of it. On a machine that does nothing else: some twenty minutes.
bench: $(BENCH_VENV)/.bench
	$(BENCH_VENV)/bin/python -m benchmarks.speed $(BENCH_ARGS)

clean:
	rm -rf $(VENV) $(NUMPY_VENV) $(SPARK_VENV) $(BENCH_VENV) build dist site .coverage .coverage.* \
		.hypothesis .import_linter_cache .pytest_cache .ruff_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# A stamp is renewed when the requirements change; `dev` holds all that the demo needs.

$(VENV)/.demo: pyproject.toml constraints.txt | $(BIN)/python
	@echo "Installing softset with its frameworks in $(VENV); the first time takes minutes."
	$(BIN)/python -m pip install $(QUIET) -c constraints.txt -e ".[torch,jax,tensorflow-cpu,keras,cli]"
	@touch $@

$(VENV)/.dev: pyproject.toml constraints.txt | $(BIN)/python
	@echo "Installing softset for development in $(VENV); the first time takes minutes."
	$(BIN)/python -m pip install $(QUIET) -c constraints.txt -e ".[dev]"
	@touch $@ $(VENV)/.demo

$(NUMPY_VENV)/.numpy: pyproject.toml constraints.txt | $(NUMPY_VENV)/bin/python
	$(NUMPY_VENV)/bin/python -m pip install $(QUIET) -c constraints.txt -e . numpy pytest hypothesis
	@touch $@

$(SPARK_VENV)/.spark: pyproject.toml constraints.txt | $(SPARK_VENV)/bin/python
	$(SPARK_VENV)/bin/python -m pip install $(QUIET) -c constraints.txt -e ".[frames]" pyarrow pandas \
		pyspark pytest hypothesis
	@touch $@

$(BENCH_VENV)/.bench: pyproject.toml constraints.txt benchmarks/requirements.txt | $(BENCH_VENV)/bin/python
	@echo "Installing softset and its peers in $(BENCH_VENV); the first time takes minutes."
	$(BENCH_VENV)/bin/python -m pip install $(QUIET) -c constraints.txt -e ".[dev]"
	$(BENCH_VENV)/bin/python -m pip install $(QUIET) --no-deps -r benchmarks/requirements.txt
	@touch $@

%/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 10))' || \
		{ echo "softset needs Python 3.10 or newer as $(PYTHON); try: make PYTHON=python3.12"; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || \
		{ echo "$(PYTHON) has no venv or pip; install its venv package (Debian: python3-venv)"; exit 1; }
	$(PYTHON) -m venv $*
