#!/usr/bin/env bash
# The server with reload on port $1, and Vite with hot reload in front of it.
set -euo pipefail
cd "$(dirname "$0")/.."
trap 'kill 0' EXIT
ASSISTIFY_PORT=$1 .venv/bin/assistify serve --demo --reload &
ASSISTIFY_DEV_SERVER="http://127.0.0.1:$1" scripts/node.sh npm run dev &
wait -n
