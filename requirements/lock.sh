#!/usr/bin/env bash
# Re-locks requirements/py3*.txt from pyproject.toml. torch is left out on purpose: its build (CPU or CUDA) is
# chosen by the TORCH variable of the Makefile, and pip picks the wheel.
set -euo pipefail
cd "$(dirname "$0")/.."
skip=()
for name in torch triton setuptools $(.venv/bin/uv pip compile -q pyproject.toml --no-annotate --no-header | grep -oE '^(nvidia|cuda)[a-z0-9-]*'); do
  skip+=(--no-emit-package "$name")
done
for minor in 3.11 3.12 3.13; do
  .venv/bin/uv pip compile -q pyproject.toml --python-version "$minor" --generate-hashes --no-annotate --no-header "${skip[@]}" -o "requirements/py$minor.txt"
  .venv/bin/uv pip compile -q pyproject.toml --extra dev --extra channels --python-version "$minor" --generate-hashes --no-annotate --no-header "${skip[@]}" -o "requirements/py$minor-dev.txt"
done
