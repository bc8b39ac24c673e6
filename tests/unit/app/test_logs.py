"""Logs say what happened to which id, and nothing that a customer wrote."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from pathlib import Path

import httpx2
import pytest
import structlog
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from app.db.database import Database
from app.logs import configure_logging
from app.simulate.loopback import serving

NEEDLE = "purple-hippopotamus"


@pytest.fixture(autouse=True)
def _restore_logging() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    root.handlers[:] = handlers
    root.setLevel(level)
    structlog.reset_defaults()


def fail_with_text_in_a_variable() -> None:
    customers_text = NEEDLE
    raise RuntimeError(f"a failure about {len(customers_text)} characters")


@pytest.mark.parametrize("as_json", [False, True])
def test_tracebacks_hold_no_local_variables(capsys: pytest.CaptureFixture[str], as_json: bool) -> None:
    configure_logging("DEBUG", as_json=as_json)
    try:
        fail_with_text_in_a_variable()
    except RuntimeError:
        structlog.get_logger("test").exception("it failed", action="failed")
    logged = capsys.readouterr().err
    assert "a failure about 19 characters" in logged
    assert "fail_with_text_in_a_variable" in logged
    assert NEEDLE not in logged


async def test_database_logs_and_errors_hold_no_parameters(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    configure_logging("DEBUG", as_json=False)
    database = Database(f"sqlite+aiosqlite:///{tmp_path}/test.db")
    try:
        async with database.engine.connect() as connection:
            await connection.execute(text("SELECT :needle"), {"needle": NEEDLE})
            with pytest.raises(SQLAlchemyError) as failure:
                await connection.execute(text("SELECT :needle FROM nowhere"), {"needle": NEEDLE})
    finally:
        await database.aclose()
    logging.getLogger("test").error("a query failed", exc_info=failure.value)
    assert NEEDLE not in str(failure.value)
    assert NEEDLE not in capsys.readouterr().err


async def test_requests_to_vendors_are_logged_without_their_addresses(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logging("DEBUG", as_json=False)

    async def answer(scope: Scope, receive: Receive, send: Send) -> None:
        await Response(status_code=204)(scope, receive, send)

    async with serving(answer) as base, httpx2.AsyncClient(trust_env=False) as http:
        await http.get(f"{base}/bot{NEEDLE}/getMe")
    assert NEEDLE not in capsys.readouterr().err


def test_a_line_of_json_has_its_ids(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logging("INFO", as_json=True)
    structlog.get_logger("test").info("reply finished", action="reply_finished", reply="r1")
    logging.getLogger("library").info("from a library", extra={"action": "library_said"})
    logging.getLogger("library").debug("not shown")
    ours, library = (json.loads(line) for line in capsys.readouterr().err.splitlines())
    assert ours.items() >= {"event": "reply finished", "action": "reply_finished", "reply": "r1"}.items()
    assert library["action"] == "library_said"
    assert ours["level"] == library["level"] == "info"
