"""What customers write is in the database and on the wire, and nowhere in the logs."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from pathlib import Path
from uuid import UUID

import pytest
import structlog

from app.domain.people import Role
from app.logs import configure_logging
from nlp.engine.request import GenerationRequest
from tests.integration.app.responder import ScriptedResponder
from tests.integration.app.rig import PASSWORD, Product, product, working

NEEDLE = "zebracorn"
MAIL = "zebracorn@hay.test"


@pytest.fixture(autouse=True)
def _restore_logging() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    root.handlers[:] = handlers
    root.setLevel(level)
    structlog.reset_defaults()


def broken_once(request: GenerationRequest) -> str:
    """Answer with the needle; the first time fail with it in a local variable and in the error's text."""
    said = f"Thank you for telling us about the {NEEDLE}."
    if ":1." in request.id:
        raise LookupError("no such voice")
    return said


async def talk(rig: Product) -> None:
    agent = rig.mine.staff[Role.AGENT]
    asking = {"text": f"Where is my {NEEDLE}? My mail is {MAIL}, order 1042", "customer": f"{NEEDLE}-7"}
    async with working(rig.worker(ScriptedResponder(script=broken_once))), await rig.signed_in() as client:
        answer = await client.post("/api/messages/process_message/", json=asking)
        assert NEEDLE in answer.json()["response"]["text"]
        conversation = UUID(answer.json()["conversation_id"])
        too_long = {"text": NEEDLE * 1000, "conversation_id": str(conversation)}
        assert (await client.post("/api/messages/process_message/", json=too_long)).status_code == 413
        await client.get("/api/conversations/list/", params={"q": NEEDLE})
        wrong = {"email": MAIL, "password": f"{NEEDLE} password"}
        assert (await client.post("/api/auth/token/", json=wrong)).status_code == 401
        good = {"email": rig.mine.email(), "password": PASSWORD}
        assert (await client.post("/api/auth/token/", json=good)).status_code == 200
        record = await rig.record(conversation)
        await rig.parts.cases.control.take(agent, record.id)
        await rig.parts.cases.desk.add_note(agent, record.id, record.id, f"about the {NEEDLE}")
        await rig.parts.cases.sending.send(agent, record.id, "1", f"your {NEEDLE} is found")


@pytest.mark.parametrize("as_json", [False, True])
async def test_logs_hold_ids_and_no_words(folder: Path, capsys: pytest.CaptureFixture[str], as_json: bool) -> None:
    configure_logging("DEBUG", as_json=as_json)
    logging.getLogger("httpx2").setLevel(logging.WARNING)  # this test's own client
    async with product(folder, job_poll_s=0.02) as rig:
        await talk(rig)
        key = rig.settings.secret_key.get_secret_value()
    logged = capsys.readouterr()
    assert "reply_failed" in logged.err  # the failure was met, with its traceback
    assert "LookupError" in logged.err
    assert "reply_finished" in logged.err
    for secret in (NEEDLE, PASSWORD, key):
        assert secret not in logged.err
        assert secret not in logged.out
