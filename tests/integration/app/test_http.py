"""What every request meets: errors in one form, limits, health, metrics, security headers, the OpenAPI document."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import httpx2
import pytest
from sqlalchemy import update

from app.api import messages
from app.api.routes import OPERATIONS
from app.db import models
from app.db.database import Database
from tests.integration.app.rig import Product, product

LIST = "/api/conversations/list/"
PROCESS = "/api/messages/process_message/"


def problem(answer: httpx2.Response, status: int) -> dict[str, Any]:
    """Check the form of an error; return it."""
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    body: dict[str, Any] = answer.json()
    assert body.keys() >= {"type", "title", "status", "code", "detail"}
    assert body["status"] == status
    return body


async def test_errors_say_what_to_do(rig: Product) -> None:
    async with await rig.signed_in() as client:
        assert "/api/docs" in problem(await client.get("/api/nothing/"), 404)["detail"]
        wrong_method = await client.delete(LIST)
        assert "GET" in problem(wrong_method, 405)["detail"]
        assert "GET" in wrong_method.headers["Allow"]
        assert "application/json" in problem(await client.post(PROCESS, content=b"text=hi"), 415)["detail"]
        assert "text" in problem(await client.post(PROCESS, json={}), 422)["detail"]
        assert (
            "$.conversation_id"
            in problem(await client.post(PROCESS, json={"text": "a", "conversation_id": 1}), 422)["detail"]
        )


@pytest.mark.parametrize(
    "body", [b"", b"{", b'{"text": "\xff"}', b'{"text": "\\ud800"}', b'{"x":' + b"[" * 100_000, b"[]", b"null"]
)
async def test_broken_bodies_are_refused(rig: Product, body: bytes) -> None:
    async with await rig.signed_in() as client:
        answer = await client.post(PROCESS, content=body, headers={"Content-Type": "application/json"})
    assert problem(answer, 422)["detail"].startswith("body: ")


async def test_large_bodies_are_refused_said_or_not(rig: Product) -> None:
    async def parts() -> Any:
        for _ in range(20):
            yield b" " * 100_000

    headers = {"Content-Type": "application/json"}
    async with await rig.signed_in() as client:
        said = await client.post(PROCESS, content=b" " * (2**20 + 1), headers=headers)
        unsaid = await client.post(PROCESS, content=parts(), headers=headers)
    for answer in (said, unsaid):
        assert problem(answer, 413)["code"] == "too_large"


async def test_requests_are_limited_at_the_limit_and_not_before(folder: Path) -> None:
    async with product(folder, requests_per_minute=5) as rig:
        async with rig.client() as client:
            statuses = [(await client.get(LIST)).status_code for _ in range(5)]
            assert statuses == [401] * 5
            limited = await client.get(LIST)
            assert problem(limited, 429)["code"] == "rate_limited"
            assert 1 <= int(limited.headers["Retry-After"]) <= 60
            assert "Content-Security-Policy" in limited.headers
            assert (await client.get("/healthz")).status_code == 200  # only the API is limited
        async with rig.client(address="192.0.2.9") as other:
            assert (await other.get(LIST)).status_code == 401


async def test_messages_of_one_visitor_are_limited(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(messages, "ANALYSIS_TIMEOUT_S", 0.01)  # there is no worker
    async with product(folder, messages_per_minute=2) as rig, await rig.signed_in() as client:
        _, conversation = await rig.open()
        await rig.parts.cases.control.take(rig.mine.staff[next(iter(rig.mine.staff))], conversation)
        ask = {"text": "hello", "conversation_id": str(conversation)}
        assert [(await client.post(PROCESS, json=ask)).status_code for _ in range(2)] == [200, 200]
        limited = await client.post(PROCESS, json=ask)
        assert problem(limited, 429)["code"] == "rate_limited"
        assert int(limited.headers["Retry-After"]) >= 1
        assert len(await rig.rows(models.Message)) == 2


async def test_a_failure_of_ours_tells_nothing_of_itself(rig: Product, monkeypatch: pytest.MonkeyPatch) -> None:
    async def fail(*_: object, **__: object) -> None:
        raise RuntimeError("the secret inside")

    monkeypatch.setattr(rig.web.context.cases.reads, "conversations", fail)
    async with await rig.signed_in() as client:
        answer = await client.get(LIST)
    assert "secret" not in json.dumps(problem(answer, 500))
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert "frame-ancestors" in answer.headers["Content-Security-Policy"]


async def test_health_tells_alive_from_ready(rig: Product) -> None:
    async with rig.client() as client:
        assert (await client.get("/healthz")).json() == {"status": "ok"}
        ready = await client.get("/readyz")
        assert (ready.status_code, ready.json()) == (200, {"status": "ready", "degraded": [], "reason": None})
        rig.web.state.draining = True
        draining = await client.get("/readyz")
        assert (draining.status_code, draining.json()["reason"]) == (503, "draining")
        assert (await client.get("/healthz")).status_code == 200


async def test_without_the_database_it_is_alive_and_not_ready(folder: Path) -> None:
    async with product(folder) as rig:
        await rig.core.database.aclose()
        rig.core.database.engine = Database("postgresql+asyncpg://nobody@127.0.0.1:1/nothing").engine
        async with rig.client() as client:
            unready = await client.get("/readyz")
            assert unready.status_code == 503
            assert "database" in unready.json()["reason"]
            assert (await client.get("/healthz")).status_code == 200
            assert "nobody" not in unready.text


async def test_without_the_bus_it_is_ready_and_degraded(rig: Product) -> None:
    async with rig.client() as client:
        await rig.core.bus.aclose()
        ready = await client.get("/readyz")
        assert (ready.status_code, ready.json()["degraded"]) == (200, ["bus"])
        assert 'assistify_degraded{part="bus"} 1.0' in (await client.get("/metrics")).text


async def test_metrics_are_for_this_machine_or_for_the_token(rig: Product, folder: Path) -> None:
    async with rig.client() as near, rig.client(address="192.0.2.1") as far:
        answer = await near.get("/metrics")
        assert answer.status_code == 200
        assert "assistify_replies_total" in answer.text
        assert "ASSISTIFY_METRICS_TOKEN" in problem(await far.get("/metrics"), 403)["detail"]


async def test_with_a_token_everybody_needs_it(folder: Path) -> None:
    async with product(folder, metrics_token="m" * 20) as rig, rig.client(address="192.0.2.1") as far:
        problem(await far.get("/metrics"), 401)
        problem(await far.get("/metrics", headers={"Authorization": "Bearer wrong"}), 401)
        problem(await far.get("/metrics", headers={b"Authorization": "Bearer schlüssel".encode()}), 401)
        assert (await far.get("/metrics", headers={"Authorization": f"Bearer {'m' * 20}"})).status_code == 200
        async with rig.client() as near:
            problem(await near.get("/metrics"), 401)


async def test_in_production_loopback_is_no_proof(folder: Path) -> None:
    async with (
        product(folder, environment="production", public_url="https://shop.example") as rig,
        rig.client() as near,
    ):
        problem(await near.get("/metrics"), 403)


async def test_answers_carry_the_security_headers(rig: Product) -> None:
    async with rig.client() as client:
        for path in ("/healthz", "/api/nothing/", "/console"):
            headers = (await client.get(path)).headers
            assert headers["X-Content-Type-Options"] == "nosniff"
            assert headers["X-Frame-Options"] == "SAMEORIGIN"
            assert headers["Content-Security-Policy"].endswith("frame-ancestors 'self'")
            assert "script-src" not in headers["Content-Security-Policy"]  # default-src: no inline scripts
            assert "Strict-Transport-Security" not in headers


async def test_the_widget_may_be_framed_by_its_shop_alone(rig: Product) -> None:
    async with rig.core.database.write_session() as session:
        origins = ["https://shop.example", "https://evil.example; script-src *", "javascript:alert(1)"]
        await session.execute(update(models.Shop).where(models.Shop.id == rig.mine.shop.id).values(origins=origins))
        await session.commit()
    async with rig.client() as client:

        async def ancestors(path: str) -> str:
            headers = (await client.get(path)).headers
            assert "X-Frame-Options" not in headers
            return str(headers["Content-Security-Policy"]).partition("frame-ancestors ")[2]

        assert await ancestors("/widget?key=wk_mine") == "'self' https://shop.example"
        assert await ancestors("/widget/?key=wk_mine") == "'self' https://shop.example"
        assert await ancestors("/widget?key=wk_other") == "'self'"
        assert await ancestors("/widget?key=nobody") == "'self'"
        assert await ancestors("/widget") == "'self'"


async def test_the_description_lists_every_operation_and_its_errors(rig: Product) -> None:
    async with rig.client() as client:
        document = (await client.get("/api/openapi.json")).json()
    assert document["openapi"].startswith("3.1")
    described = {(method.upper(), path) for path, methods in document["paths"].items() for method in methods}
    assert described == {(one.method, re.sub(r":\w+}", "}", one.path)) for one in OPERATIONS}
    names = [one["operationId"] for methods in document["paths"].values() for one in methods.values()]
    assert len(set(names)) == len(names)
    texts = {(one.method, re.sub(r":\w+}", "}", one.path)): one.texts for one in OPERATIONS}
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            assert operation["summary"]
            assert "429" in operation["responses"]
            for status, answer in operation["responses"].items():
                assert answer["description"]
                if int(status) >= 400:
                    said = texts[method.upper(), path].get(int(status), ("application/problem+json",))
                    assert list(answer["content"]) == list(said)
    check_references(document)


def check_references(document: dict[str, Any]) -> None:
    """Every `$ref` leads somewhere; path parameters are described."""
    for reference in re.findall(r'"\$ref": ?"([^"]+)"', json.dumps(document)):
        found: Any = document
        for part in reference.removeprefix("#/").split("/"):
            found = found[part]
    for path, methods in document["paths"].items():
        for operation in methods.values():
            in_path = {one["name"] for one in operation["parameters"] if one["in"] == "path"}
            assert in_path == set(re.findall(r"{(\w+)}", path))


async def test_pages_without_a_build_say_how_to_make_one(folder: Path) -> None:
    async with product(folder, web_dist=folder / "nothing") as rig, rig.client() as client:
        answer = await client.get("/console")
        assert (answer.status_code, "make setup" in answer.text) == (503, True)
        assert (await client.get("/")).headers["location"] == "/console"
        assert (await client.get("/assets/none.js")).status_code == 404
        assert (await client.get("/assets/../../etc/passwd")).status_code == 404
        assert (await client.get("/api/docs/")).status_code == 200
