# Everything runs in .venv, made from the hashed lock in requirements/. Python 3.11 or newer.
PYTHON ?= python3
UV = UV_PYTHON_DOWNLOADS=never .venv/bin/uv
export PATH := $(CURDIR)/.venv/bin:$(PATH)

.PHONY: env run demo test check bench roundtrip lock

env: .venv/.ok

.venv/.ok: requirements/dev.txt setup.cfg
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo 'Python 3.11 or newer is needed: make env PYTHON=/path/to/python3.11' >&2; exit 2; }
	@$(PYTHON) -c 'import ensurepip' 2>/dev/null || { echo 'the venv module is missing: apt-get install python3-venv' >&2; exit 2; }
	test -x .venv/bin/uv || { $(PYTHON) -m venv .venv && .venv/bin/pip install -q --disable-pip-version-check --require-hashes -r requirements/uv.txt; }
	$(UV) pip sync -q --require-hashes --python .venv/bin/python requirements/dev.txt
	$(UV) pip install -q --no-deps --no-build-isolation --python .venv/bin/python -e .
	touch $@

run demo: env
	riskbridge demo

test: env
	scripts/test

check: env
	ruff format --check .
	ruff check .
	mypy
	lint-imports
	codespell

bench: env
	$(PYTHON) -m tests.bench

roundtrip: env
	$(PYTHON) -m tests.roundtrip

interop: env
	scripts/interop/run

lock:
	scripts/lock
