# Every target sets itself up: Python 3.11, make and a package index are all it needs.

PYTHON ?= $(shell command -v python3.11 || command -v python3)
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
ARGS ?=
WORKERS ?= 2
# One more than processors: fast tests wait for sockets, terminals and disks a good part of their time.
FAST_WORKERS ?= 3
SLOW_LIMIT_S ?= 2880
SLOW_ALONE_LIMIT_S ?= 600

PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet
PYTEST := $(BIN)/python -m pytest -q
WARM := $(BIN)/python -c 'from engine.kernel_cache import warm; warm()'
# Tests that assert a time run alone, so that a busy neighbour cannot fail them; beside the slow campaigns, which leave
# nothing over, those on a terminal too.
ALONE := benchmark
SLOW_ALONE := terminal or benchmark
SLOW := --hypothesis-profile=slow --timeout

.PHONY: help setup run check lint lint-beside-kernels test kernels test-fast test-alone test-slow bench screenshots evidence format lock clean
.NOTPARALLEL:

help:
	@echo 'make run ARGS="..."   open the console (ARGS go to `quarterdeck run`)'
	@echo 'make check            format, lint, types, import contracts, fast tests'
	@echo 'make test             every test but the slow ones'
	@echo 'make test-slow        the full counts, at most an hour'
	@echo 'make screenshots      draw the pictures of the tour, and those that tests compare, anew'
	@echo 'make evidence         draw docs/evidence.md anew from the recorded data'
	@echo 'make bench            the benchmarks, one table each'
	@echo 'make format           rewrite the sources in the house format'
	@echo 'make lock             resolve requirements.lock anew (needs uv)'
	@echo 'make clean            remove the virtual environment and all caches'

setup: $(STAMP)

# The stamp comes last: whatever fails before it leaves the next run to start over.
$(STAMP): requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
		|| { echo 'Quarterdeck needs Python 3.11 or newer: pass PYTHON=/path/to/python3.11' >&2; exit 1; }
	@rm -f $@
	@echo 'Setting up $(VENV) (once, about half a minute)' >&2
	@$(PYTHON) -m venv $(VENV)
	@$(PIP) install --require-hashes -r requirements.lock
	@$(PIP) install --no-deps --no-build-isolation -e .
	@touch $@

run: $(STAMP)
	@$(BIN)/quarterdeck run $(ARGS)

check: lint-beside-kernels test-fast

# Each is content with one processor.
lint-beside-kernels: $(STAMP)
	@$(WARM) & kernels=$$!; \
		$(MAKE) --no-print-directory lint || { kill $$kernels; exit 1; }; \
		wait $$kernels

lint: $(STAMP)
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports

test: test-fast test-alone

# Compiled once, before two workers would do it both.
kernels: $(STAMP)
	@$(WARM)

test-fast: kernels
	@$(PYTEST) -n $(FAST_WORKERS) --dist worksteal -m 'not slow and not ($(ALONE))' $(ARGS)

# Only the files that hold any: collecting all the others takes longer than most of these.
test-alone: kernels
	@$(PYTEST) -m 'not slow and ($(ALONE))' $(ARGS) $$(grep -rl --include='test_*.py' 'mark\.benchmark' tests)

# Four fifths of an hour for the one half, and what is left of the hour for the other.
test-slow: kernels
	@timeout --kill-after=60 $(SLOW_LIMIT_S) \
		$(PYTEST) -n $(WORKERS) --dist worksteal -m 'slow and not ($(SLOW_ALONE))' $(SLOW) $(SLOW_LIMIT_S) $(ARGS)
	@timeout --kill-after=60 $(SLOW_ALONE_LIMIT_S) \
		$(PYTEST) -m 'slow and ($(SLOW_ALONE))' $(SLOW) $(SLOW_ALONE_LIMIT_S) $(ARGS)

bench: $(STAMP)
	@for script in benchmarks/[!_]*.py; do echo "== $$script"; $(BIN)/python $$script $(ARGS) || exit 1; done

# Whoever changes the look runs this, looks at what changed, and commits it.
screenshots: $(STAMP)
	@$(BIN)/python -m tests.console.look.pictures

# Whoever changes a signal that the page shows runs this, reads what changed, and commits it.
evidence: $(STAMP)
	@$(BIN)/python -m tests.evidence.page

format: $(STAMP)
	@$(BIN)/ruff format .
	@$(BIN)/ruff check --fix .

lock:
	@uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --all-extras \
		--no-emit-index-url --no-header --no-annotate pyproject.toml --output-file requirements.lock

clean:
	@rm -rf $(VENV) build dist *.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +
