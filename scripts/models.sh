#!/usr/bin/env bash
# Rebuilds the starter models in nlp/starter from the examples and recipes of this repository.
set -euo pipefail
cd "$(dirname "$0")/.."
.venv/bin/python -m nlp.training.intent
.venv/bin/python -m nlp.training.sentiment
.venv/bin/python -m nlp.training.responder all
