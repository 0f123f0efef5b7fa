# Two commands do all their own set-up: `make run` and `make test`. ARGS goes to `geoengage demo up`.
PYTHON ?= python3
# For what set-up has installed; set-up itself must run on the system's Python.
WITH_VENV = PATH="$(CURDIR)/.venv/bin:$$PATH"

.PHONY: help run test check lint bench web clean
help:
	@echo "make run    install what is missing, start everything, print one link to open"
	@echo "make test   install what is missing, then every check and test"
	@echo "make check  format, lint, types, import contracts, unit tests (before each commit)"
	@echo "make bench  the benchmarks, as ratios"
	@echo "make web    build the console again after an edit in web/"
	@echo "make clean  delete all that set-up made in this folder, the demo's data too"

run:
	@$(PYTHON) scripts/setup.py run
	@.venv/bin/python -m geoengage demo up $(ARGS)

test:
	@$(PYTHON) scripts/setup.py test
	@$(MAKE) --no-print-directory lint
	@$(WITH_VENV) npm --prefix web run check
	@$(WITH_VENV) npm --prefix web test
	$(WITH_VENV) .venv/bin/python -m pytest -n 2

check:
	@$(PYTHON) scripts/setup.py check
	@$(MAKE) --no-print-directory lint
	.venv/bin/python -m pytest tests/unit tests/test_architecture.py

lint:
	.venv/bin/python -m ruff format --check .
	.venv/bin/python -m ruff check .
	.venv/bin/python -m mypy
	.venv/bin/lint-imports

bench:
	@$(PYTHON) scripts/setup.py bench
	.venv/bin/python -m tests.bench
	.venv/bin/python -m tests.bench.sending
	.venv/bin/python -m tests.bench.decisions
	.venv/bin/python -m tests.bench.transactional
	.venv/bin/python -m tests.bench.values
	.venv/bin/python -m tests.bench.console
	.venv/bin/python -m tests.bench.segments
	.venv/bin/python -m tests.bench.churn
	.venv/bin/python -m tests.bench.offers
	.venv/bin/python -m tests.bench.summary
	.venv/bin/python -m tests.bench.recommendations
	.venv/bin/python -m tests.bench.lifecycle

web:
	@$(PYTHON) scripts/setup.py web

clean:
	@[ ! -x .venv/bin/python ] || .venv/bin/python -m geoengage demo reset
	rm -rf .venv .geoengage web/node_modules web/dist .mypy_cache .ruff_cache .pytest_cache .import_linter_cache
