#!/usr/bin/env bash
# tools/measure_gpu.sh [FOLDER]: measure everything that needs an NVIDIA card, in one go: whether the engines find what
# the processor finds, speed and memory of the student beside the processor, start-up with and without what TensorRT
# keeps, the teacher, and some steps of training. Writes card-NAME.json and benchmark-NAME.json into FOLDER (default:
# docs/performance), from where `orpose benchmark --documents docs` takes the second. PYTHON names the interpreter.
# Needs onnxruntime-gpu and tensorrt in place of onnxruntime (docs/accelerators.md), requirements/train.txt, and the
# fetched footage (orpose fetch).
set -euo pipefail
cd "$(dirname "$0")/.."
folder=$(realpath -m "${1:-docs/performance}")
python=${PYTHON:-.venv/bin/python}
export PYTHONPATH=$PWD${PYTHONPATH:+:$PYTHONPATH}
if ! card=$(nvidia-smi --query-gpu=name --format=csv,noheader 2>/dev/null | head -1) || [ -z "$card" ]; then
    echo "error: there is no NVIDIA card or no driver here (nvidia-smi says nothing)" >&2
    exit 2
fi
name=$(tr '[:upper:] ' '[:lower:]-' <<<"$card" | tr -cd 'a-z0-9-')
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir -p "$folder"
echo "measuring $card"
"$python" tools/measure_card.py "$work/card.json"
engines=()
for engine in onnxruntime onnxruntime-cuda onnxruntime-tensorrt torch; do
    if "$python" -c "import sys; from orpose_models.runtime.engine_loading import why_not; sys.exit(bool(why_not('$engine')))"
    then engines+=(--engine "$engine"); fi
done
"$python" -c "from orpose_models.cli.main import main; main()" benchmark "${engines[@]}" --threads 1 --persons 1,5,10 \
    --downsample 1,8 --no-robustness --out "$work"
mv "$work/card.json" "$folder/card-$name.json"
mv "$work/benchmark.json" "$folder/benchmark-$name.json"
echo "-> $folder/card-$name.json, $folder/benchmark-$name.json"
