# Set-up and work of a machine that has Python >= 3.11 and make. Every target makes what it needs.
PYTHON ?= python3
BIN = .venv/bin

# Many tests start a process, and each would compile every module anew where somebody has forbidden to keep the results.
export PYTHONDONTWRITEBYTECODE =

.venv/ready: requirements.txt pyproject.toml
	$(PYTHON) -c 'import sys; sys.exit("Python 3.11 or newer is needed, this is " + sys.version) if sys.version_info < (3, 11) else None'
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --upgrade pip
	$(BIN)/python -m pip install --quiet --requirement requirements.txt
	$(BIN)/python -m pip install --quiet --no-deps --editable .
	touch $@

.PHONY: demo test test-fast check bench torture torture-consumer torture-once requirements

demo: .venv/ready
	$(BIN)/pyevents demo

# Tests wait more than they work, hence more processes than two cores.
PARALLEL = --numprocesses $(PROCESSES) --dist loadgroup
PROCESSES ?= 3

test: check
	$(BIN)/python -m pytest $(PARALLEL) tests

# A fifth of what a search by chance looks at; `make test` looks at all of it.
test-fast: export PYEVENTS_SEARCH ?= 0.2
test-fast: PROCESSES = 7
test-fast: .venv/ready
	$(BIN)/python -m pytest $(PARALLEL) -m "not slow" tests/embedded tests/unit

check: .venv/ready
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/pyevents check

bench: .venv/ready
	$(BIN)/python benchmarks/publish.py
	$(BIN)/python benchmarks/outage.py
	$(BIN)/python benchmarks/consume.py
	$(BIN)/python benchmarks/parallel.py
	$(BIN)/python benchmarks/once.py
	$(BIN)/python benchmarks/imports.py
	$(BIN)/python benchmarks/check.py

# For example: make torture N=200 SEED=7. A seed decides what is done; the machine decides the rest.
N ?= 200
torture: .venv/ready
	$(BIN)/python -m tests.torture $(N) $(SEED)

torture-consumer: .venv/ready
	$(BIN)/python -m tests.torture.consume $(N) $(SEED)

torture-once: .venv/ready
	$(BIN)/python -m tests.torture.once $(N) $(SEED)

# Pins every dependency anew; index lines are left out on purpose.
requirements: .venv/ready
	$(BIN)/python -m pip install --quiet pip-tools
	$(BIN)/pip-compile --quiet --extra test --strip-extras --no-emit-index-url --no-emit-trusted-host --no-emit-find-links --no-header --output-file requirements.txt pyproject.toml
	sed -i '/^pyevents-kafka/d' requirements.txt
