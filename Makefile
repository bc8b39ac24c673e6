# Assistify. `make help` lists what there is.
PYTHON ?= python3.11
# The build of torch: override for a CUDA build, e.g. make setup TORCH="torch==2.13.0 --index-url https://..."
TORCH ?= torch==2.13.0
PORT ?= 8000
VENV := .venv
BIN := $(VENV)/bin
MINOR := $(shell $(PYTHON) -c 'import sys; print("%d.%d" % sys.version_info[:2])' 2>/dev/null)
WEB_SOURCES := $(shell find web -type f -not -path '*/node_modules/*' -not -path '*/dist/*' 2>/dev/null)
export LIGHTFM_NO_CFLAGS = 1
export HF_HUB_OFFLINE = 1

.DEFAULT_GOAL := help
.PHONY: help setup setup-dev run dev test check check-long lint fmt wire wire-check types imports web-check unit bench models lock migrate

help: ## list the targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-12s %s\n", $$1, $$2}'

$(VENV)/.runtime: requirements/py$(MINOR).txt scripts/setup_python.sh
	@scripts/setup_python.sh "$(PYTHON)" "$(VENV)" "$(TORCH)" requirements/py$(MINOR).txt
	@touch $@

$(VENV)/.dev: $(VENV)/.runtime requirements/py$(MINOR)-dev.txt
	@scripts/setup_python.sh "$(PYTHON)" "$(VENV)" "$(TORCH)" requirements/py$(MINOR)-dev.txt
	@touch $@

# The engine's C. Optional: where it cannot be built, torch computes the same, slower.
$(VENV)/.native: $(VENV)/.runtime pyproject.toml $(wildcard nlp/engine/native/*.[ch])
	@$(BIN)/python -m pip --disable-pip-version-check install --quiet --no-deps --no-build-isolation --editable .
	@touch $@

web/node_modules/.ready: web/package.json web/package-lock.json scripts/web_install.sh scripts/node.sh
	@scripts/web_install.sh
	@touch $@

web/dist/.built: web/node_modules/.ready $(WEB_SOURCES)
	@scripts/node.sh npm run build
	@touch $@

setup: $(VENV)/.native web/dist/.built ## all that `make run` needs, without starting it

setup-dev: $(VENV)/.dev $(VENV)/.native web/dist/.built ## all that `make check` needs

run: setup ## start the demo shop on http://127.0.0.1:8000 (PORT= another)
	@$(BIN)/assistify serve --demo --port $(PORT)

dev: setup-dev ## server with reload, and Vite with hot reload on port 5173
	@scripts/dev.sh $(PORT)

test: setup-dev ## all tests, with real PostgreSQL, Redis and Chromium
	@scripts/test_services.sh
	@$(BIN)/pytest -n 2 --dist loadfile tests/architecture tests/unit tests/integration
	@$(BIN)/pytest tests/contract tests/e2e
	@scripts/node.sh npm test

check: setup-dev lint types imports wire-check web-check test ## exactly what CI runs

check-long: setup-dev ## ten times as many races and random schedules
	@scripts/test_services.sh
	@ASSISTIFY_LONG=1 $(BIN)/pytest --timeout=1800

lint: $(VENV)/.dev ## formatting and lint of the Python code
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .

fmt: $(VENV)/.dev web/node_modules/.ready ## format everything
	@$(BIN)/ruff format .
	@$(BIN)/ruff check --fix .
	@scripts/node.sh npm run format

types: $(VENV)/.dev ## mypy, strict, on source and tests
	@$(BIN)/mypy

imports: $(VENV)/.dev ## the import rules of docs/architecture.md
	@$(BIN)/lint-imports

wire: $(VENV)/.dev ## regenerate web/src/wire and docs/asyncapi.json from realtime/protocol
	@scripts/wire.sh web/src/wire/wire.gen.ts docs/asyncapi.json

wire-check: $(VENV)/.dev ## fail when the generated files are not up to date
	@scripts/wire_check.sh

web-check: web/node_modules/.ready ## biome and tsc
	@scripts/node.sh npm run check

bench: $(VENV)/.dev ## figures of engine and live sessions
	@$(BIN)/assistify bench engine
	@$(BIN)/assistify bench realtime

models: $(VENV)/.dev ## rebuild the starter models (hours on a CPU)
	@scripts/models.sh

migrate: $(VENV)/.runtime ## bring the database to the newest schema
	@$(BIN)/assistify migrate

lock: $(VENV)/.dev ## re-lock the requirements
	@requirements/lock.sh
