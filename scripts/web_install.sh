#!/usr/bin/env bash
# Installs the web applications' packages. The lock names the native packages of Linux only (the registry it was made
# with has no others), so elsewhere npm resolves from the exact versions of package.json. `npm ci` refuses such a lock.
set -euo pipefail
cd "$(dirname "$0")/.."
options=(--no-save --no-audit --no-fund --loglevel=error)
[ "$(uname -s)" = Linux ] || options+=(--no-package-lock)
exec scripts/node.sh npm install "${options[@]}"
