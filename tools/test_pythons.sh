#!/usr/bin/env bash
# The tests that need no torch, and a predict, on those of Python 3.10, 3.12 and 3.13 that this machine has. 3.10 and 3.12
# get NumPy 1.26, as on Humble and Jazzy, whose cv_bridge was built for it; 3.13 gets the newest. Packages are the newest
# that the ranges in requirements/ allow. Environments are kept in .venv/pythons. More arguments go to pytest.
set -euo pipefail
cd "$(dirname "$0")/.."
root=$PWD
tried=0

pip() { # of the environment; what it says of folders that pip was told to look in and that are not there is left out
  "$env/bin/python" -m pip --disable-pip-version-check --quiet --no-input "$@" 2> >(grep -v "WARNING: Location" >&2)
}

interpreter() { # VERSION: where it is, if anywhere
  local candidate
  for candidate in "python$1" "${PYENV_ROOT:-$HOME/.pyenv}/versions/$1".*/bin/python; do
    if "$candidate" -c "import sys, venv, ensurepip; sys.exit('%d.%d' % sys.version_info[:2] != '$1')" 2>/dev/null; then
      command -v "$candidate"
      return
    fi
  done
}

for version in ${PYTHONS:-3.10 3.12 3.13}; do
  python=$(interpreter "$version")
  if [ -z "$python" ]; then
    echo "== Python $version is not on this machine: left out"
    continue
  fi
  tried=1
  constraint=()
  [ "$version" = 3.13 ] || constraint=(-c requirements/numpy1.txt)
  env=$root/.venv/pythons/$version
  wanted=$(cat requirements/{runtime,command,pytest,numpy1}.txt | sha256sum)
  if [ "$(cat "$env/wanted" 2>/dev/null)" != "$wanted" ]; then
    rm -rf "$env"
    "$python" -m venv "$env"
    pip install --only-binary=:all: -r requirements/command.txt -r requirements/pytest.txt "${constraint[@]}"
    pip check
    echo "$wanted" >"$env/wanted"
  fi
  echo "== Python $version, $("$env/bin/python" -c 'import numpy, onnxruntime, cv2
print("NumPy", numpy.__version__ + ", ONNX Runtime", onnxruntime.__version__ + ", OpenCV", cv2.__version__)')"
  "$env/bin/python" -m pytest -q --torch-free "$@"

  # As a user has it: installed from a copy of the checkout, started elsewhere.
  copy=$(mktemp -d)
  trap 'rm -rf "$copy"' EXIT
  mkdir "$copy/source"
  git ls-files --cached --others --exclude-standard -z | while IFS= read -r -d '' f; do [ ! -e "$f" ] || printf '%s\0' "$f"; done |
    tar --null --files-from - --create | tar --extract --directory "$copy/source"
  pip install --no-deps --force-reinstall "$copy/source"
  (
    cd "$copy"
    film=$("$env/bin/python" -c 'from orpose_models.files.assets import asset; print(asset("multiperson"))')/cam01.mp4
    "$env/bin/orpose" predict "$film" --stride 50 --no-pictures --out found
    "$env/bin/python" -c 'import json
document = json.load(open("found/predictions.json"))
images, persons = len(document["images"]), len(document["annotations"])
assert images == 2 and persons >= 2 * images, f"{persons} persons in {images} images"'
  )
  pip uninstall --yes orpose_ros
  rm -rf "$copy"
done
[ "$tried" = 1 ] || { echo "none of Python ${PYTHONS:-3.10 3.12 3.13} is on this machine" >&2; exit 2; }
