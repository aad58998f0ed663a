# `make run` and `make test` do everything on a machine that has Python 3.11 or newer and make.

PYTHON ?= python3
BIN := .venv/bin

.PHONY: run test check bench screenshots fuzz tracks detection openapi format help

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
