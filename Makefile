# `make run` and `make test` do everything on a machine that has Python 3.11 or newer and make.

PYTHON ?= python3
PYTHON_VERSIONS ?= 3.11 3.12 3.13
BIN := .venv/bin
# The suite starts a hundred processes: each would compile all modules again where an environment forbids to keep that.
export PYTHONDONTWRITEBYTECODE :=

.PHONY: run test check bundle machine audit bench screenshots fuzz tracks detection kills power soak found years openapi format help

help: ## show the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "%-11s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

run: .venv/installed ## install, start the database, migrate, load the demo bureau once, and serve
	$(BIN)/zhuanche demo --serve

test: .venv/installed-dev ## the whole suite, on a real PostgreSQL it starts itself
	$(BIN)/pytest --numprocesses auto --maxprocesses 4 $(TEST)

check: .venv/installed-dev ## linters and types
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

bench: .venv/installed-dev ## measure, as ratios to a limit in the same run
	$(BIN)/python -m tests.bench $(BENCH)

screenshots: .venv/installed-dev ## every page of the demo at desk and phone size, into build/screenshots; the README's into docs/screenshots
	$(BIN)/python -m tests.browser.screenshots

fuzz: .venv/installed-dev ## every decoder for ten minutes; FUZZ="NAME --seconds N" for less
	$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes -r .ci/requirements-fuzz.txt
	$(BIN)/python -m tests.fuzz $(FUZZ)

tracks: .venv/installed-dev ## measure the recorded drives, and write their tables into docs/books.md
	$(BIN)/python -m tests.simulation.tracks --write

detection: .venv/installed-dev ## simulate honest and dishonest trips, and write what is found of them into docs/books.md
	$(BIN)/python -m tests.simulation.detection --write

kills: .venv/installed-dev ## kill -9 the service, its database or both under load; KILLS=1000 for so many times, 100 without
	$(BIN)/python -m tests.endure.kills $(KILLS)

power: .venv/installed-dev ## cut the power under load, unflushed writes dropped by LazyFS (root); POWER=20 for so many times
	$(BIN)/python -m tests.endure.kills --power $(POWER)

bundle: .venv/installed-dev ## one archive for a machine without a network: wheels by digest, installer, docs, list of parts
	$(BIN)/python -m tests.bundle $(addprefix --python ,$(PYTHON_VERSIONS))

machine: bundle ## the bundle, the unit and the container on a Debian of its own without a network (root, KVM); MACHINE="--by namespaces"
	$(BIN)/python -m tests.bundle.machine build/zhuanche-*.tar $(MACHINE)

audit: .venv/installed-dev ## known vulnerabilities of what is locked, where the network lets it
	$(BIN)/python -m tests.bundle.audit

soak: .venv/installed-dev ## an hour of everything at once while everything is struck at random; SOAK=3 for so many minutes
	$(BIN)/python -m tests.endure.soak $(SOAK)

years: .venv/installed-dev ## back up, restore and move ten million fixes and ten thousand notes; YEARS="--cluster URL --write"
	$(BIN)/python -m tests.endure.years $(YEARS)

found: .venv/installed-dev ## every command on a machine as found, under every condition (root)
	$(BIN)/python -m tests.endure.found $(FOUND)

openapi: .venv/installed ## write docs/openapi.json anew
	$(BIN)/zhuanche openapi > docs/openapi.json

format: .venv/installed-dev ## bring the code into shape
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

.venv/installed: .ci/requirements.txt pyproject.toml
	$(PYTHON) -m venv .venv
	$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes -r .ci/requirements.txt
	$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	touch $@

.venv/installed-dev: .venv/installed .ci/requirements-dev.txt
	$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes -r .ci/requirements-dev.txt
	touch $@
