#!/usr/bin/env bash
# Writes the generated clients' types and the AsyncAPI document: wire.sh TYPESCRIPT_FILE ASYNCAPI_FILE
set -euo pipefail
cd "$(dirname "$0")/.."
.venv/bin/python -m realtime.protocol.wire_typescript >"$1"
.venv/bin/python -m realtime.protocol.asyncapi >"$2"
