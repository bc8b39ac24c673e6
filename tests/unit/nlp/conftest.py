"""The encoder and the starter models, loaded once for all tests of this folder."""

from __future__ import annotations

import pytest

from nlp.encoder import Encoder


@pytest.fixture(scope="session")
def encoder() -> Encoder:
    return Encoder.load()
