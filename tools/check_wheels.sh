#!/usr/bin/env bash
# Does every Python from 3.10 to 3.13 find wheels for the ranges of requirements/FILE (default: command.txt), on x86-64
# and aarch64, with NumPy 1.26 (which 3.13 has not) and NumPy 2? Resolves as pip on such a machine would; installs nothing.
set -euo pipefail
cd "$(dirname "$0")/.."
file=requirements/${1:-command.txt}
python=${PYTHON:-python3.11}
failed=0
for version in 3.10 3.11 3.12 3.13; do
  for machine in x86_64 aarch64; do
    for numpy in "<2" ">=2"; do
      [ "$version$numpy" = "3.13<2" ] && continue
      tags=()
      # Jazzy's glibc is 2.39, Humble's and JetPack 6's 2.35; pip takes only the tags that it is told.
      for glibc in 2014 _2_17 _2_24 _2_26 _2_27 _2_28 _2_31 _2_34 _2_35; do tags+=(--platform "manylinux${glibc}_$machine"); done
      if found=$("$python" -m pip --disable-pip-version-check install --quiet --dry-run --ignore-installed --no-input \
        --only-binary=:all: --python-version "$version" --implementation cp "${tags[@]}" --target unused \
        -r "$file" "numpy$numpy" --report - 2>/dev/null |
        "$python" -c 'import json, sys
print(" ".join(sorted(f"{i["metadata"]["name"]}-{i["metadata"]["version"]}" for i in json.load(sys.stdin)["install"])))'); then
        echo "Python $version, $machine, numpy$numpy: $found"
      else
        echo "Python $version, $machine, numpy$numpy: NO WHEELS"
        failed=1
      fi
    done
  done
done
exit $failed
