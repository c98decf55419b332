# Needs make and Python 3.11 or newer. The first target that is run makes .venv, and makes it anew when pyproject.toml
# or constraints.txt have changed.

PYTHON ?= python3
BIN := .venv/bin
INSTALL := $(BIN)/python -m pip --disable-pip-version-check install --quiet --no-deps

.PHONY: help sandbox test check format bench faults pictures lock clean

help: ## Show these targets
	@sed -n 's/^\([a-z]*\):.*## /  make \1\t/p' Makefile

sandbox: .venv/runtime ## Try the bot against a local Slack and a local Coder; ARGS="--tour" shows it by itself
	@$(BIN)/coder-task-bot sandbox $(ARGS)

test: .venv/development ## Run the tests; ARGS="-k card -x" goes to pytest
	@env -u PYTHONDONTWRITEBYTECODE $(BIN)/python -m pytest --numprocesses 3 --dist worksteal $(ARGS)

check: .venv/development ## Run the linter, the formatter's check and the type checker
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy

format: .venv/development ## Format the code and mend what the linter can
	@$(BIN)/ruff check --fix-only --quiet .
	@$(BIN)/ruff format .

bench: .venv/development ## Measure; ARGS="intake --json FILE" measures one thing and keeps the numbers
	@$(BIN)/python -m tests.bench $(ARGS)

faults: .venv/development ## Look for what is lost or doubled when everything fails; ARGS="--seed 7" replays one
	@$(BIN)/python -m tests.faults $(ARGS)

pictures: .venv/development ## Draw the README's pictures anew, in a real browser
	@$(BIN)/python -m tests.pictures $(ARGS)

lock: ## Write constraints.txt anew, with the newest versions
	@$(PYTHON) .ci/lock

clean: ## Remove .venv and all caches
	@rm -rf .venv .mypy_cache .pytest_cache .ruff_cache .hypothesis
	@find bot tests -name __pycache__ -prune -exec rm -rf {} +

.venv/runtime: constraints.txt pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || { \
	    echo 'Python 3.11 or newer is needed, and "$(PYTHON)" is not. Try: make PYTHON=python3.13' >&2; exit 1; }
	@echo 'Installing the bot into .venv ...'
	@$(PYTHON) -m venv --clear .venv
	@sed '/^# --- development/,$$d' constraints.txt > .venv/requirements.txt
	@$(INSTALL) --require-hashes -r .venv/requirements.txt
	@$(INSTALL) --no-build-isolation --editable .
	@touch $@

.venv/development: .venv/runtime
	@echo 'Installing the development tools into .venv ...'
	@$(INSTALL) --require-hashes -r constraints.txt
	@touch $@
