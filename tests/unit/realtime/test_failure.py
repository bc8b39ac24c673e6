from __future__ import annotations

import logging

import pytest

from realtime.failure import log_failure


def test_an_error_is_located_and_its_text_is_not_repeated(caplog: pytest.LogCaptureFixture) -> None:
    secret = str(4111_1111)
    try:
        try:
            raise ValueError(secret)
        except ValueError as error:
            raise OSError(f"INSERT ... {secret}") from error
    except OSError as error:
        log_failure(logging.getLogger("test"), "message not stored", "store_failed", error)
    assert secret not in caplog.text
    assert "message not stored: OSError from ValueError" in caplog.text
    assert "test_failure.py" in caplog.text
    assert caplog.records[0].__dict__["action"] == "store_failed"
