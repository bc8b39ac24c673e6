#!/usr/bin/env bash
# Fails when a generated file differs from what the protocol generates now.
set -euo pipefail
cd "$(dirname "$0")/.."
fresh=$(mktemp -d)
trap 'rm -rf "$fresh"' EXIT
scripts/wire.sh "$fresh/wire.gen.ts" "$fresh/asyncapi.json"
for pair in "wire.gen.ts web/src/wire/wire.gen.ts" "asyncapi.json docs/asyncapi.json"; do
  read -r made kept <<<"$pair"
  diff -q "$fresh/$made" "$kept" >/dev/null || { echo "$kept is not up to date: run make wire" >&2; exit 1; }
done
