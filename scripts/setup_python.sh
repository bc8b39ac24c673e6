#!/usr/bin/env bash
# Makes the virtual environment and installs the locked requirements: setup_python.sh PYTHON VENV TORCH LOCK
set -euo pipefail
python=$1 venv=$2 torch=$3 lock=$4

command -v "$python" >/dev/null || { echo "Python 3.11, 3.12 or 3.13 is needed: install it, or say PYTHON=python3.12" >&2; exit 1; }
[ -f "$lock" ] || { echo "no lock file $lock: use Python 3.11, 3.12 or 3.13 (PYTHON=python3.11)" >&2; exit 1; }
command -v cc >/dev/null || command -v gcc >/dev/null || {
  echo "a C compiler is needed to build LightFM: apt-get install gcc (Debian, Ubuntu) or xcode-select --install (macOS)" >&2
  exit 1
}
if [ ! -x "$venv/bin/python" ]; then
  "$python" -m venv "$venv" || { echo "python3-venv is needed: apt-get install python3-venv" >&2; exit 1; }
fi
pip=("$venv/bin/python" -m pip --disable-pip-version-check install --quiet)
echo "Installing the locked requirements ($lock); the first time takes a few minutes."
# torch first and outside the hashes: which build of it is right depends on the machine.
read -ra torch_words <<<"$torch"
"${pip[@]}" "${torch_words[@]}"
"${pip[@]}" --require-hashes --no-deps -r "$lock"
"${pip[@]}" --no-deps --no-build-isolation --editable .
