#!/usr/bin/env bash
# Write requirements/lock anew: the exact version and the hashes of all that `make` installs, on Python 3.11.
# What is locked stays as it is unless the ranges forbid it; give names to move these to their newest: tools/lock.sh numpy
set -euo pipefail
cd "$(dirname "$0")/.."
uv=.venv/lock/bin/uv
[ -x "$uv" ] || { python3.11 -m venv .venv/lock && .venv/lock/bin/pip install --quiet uv==0.13.9; }
newer=()
for name in "$@"; do newer+=(--upgrade-package "$name"); done
compile() { # LOCK REQUIREMENTS...
  local lock=requirements/lock/$1
  shift
  "$uv" pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-annotate \
    --custom-compile-command tools/lock.sh "${newer[@]}" -o "$lock" "$@"
}
compile command.txt requirements/command.txt requirements/build.txt
# The same versions in all of them: each is installed on top of the one before.
compile test.txt requirements/test.txt requirements/build.txt -c requirements/lock/command.txt
compile ros.txt requirements/ros.txt requirements/runtime.txt -c requirements/lock/test.txt
