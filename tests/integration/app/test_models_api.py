"""Versions of the models over REST: scored by a worker, promoted on what that found, and taken back."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx2
import pytest
from sqlalchemy import update

from app.db import models
from app.db.base import utc_now
from app.db.model_evaluations import SqlModelEvaluations
from app.domain.job import ClaimedJob, Lane
from app.domain.model_version import Scores, Task
from app.domain.people import Role
from app.services.evaluation_process import NotEvaluatedError, evaluate_apart
from app.services.ids import new_id
from app.services.model_desk import ABANDONED, EVALUATE_KIND, EvaluateApart, EvaluateVersions
from tests.integration.app.rig import Product, product

ACCURACY: Mapping[str | None, float] = {None: 0.90, "better": 0.95, "worse": 0.80}
VERSIONS, EVALUATIONS = "/api/models/versions/", "/api/models/evaluations/"


async def scored(task: Task, directory: Path | None, cases: int) -> Scores:
    return {"accuracy": ACCURACY[None if directory is None else directory.name], "calibration_error": 0.02}


@pytest.fixture
async def rig(folder: Path) -> AsyncIterator[Product]:
    """Two shops whose staff may change the models."""
    async with product(folder, models_by_shops=True) as opened:
        yield opened


@pytest.fixture
async def client(rig: Product) -> AsyncIterator[httpx2.AsyncClient]:
    for name in ("better", "worse"):
        await rig.core.model_versions.add(Task.INTENT, f"head-{name}", Path("/models") / name, pointers=False)
    async with await rig.signed_in(Role.ADMIN) as opened:
        yield opened


async def work(rig: Product, evaluate: EvaluateApart = scored) -> None:
    """Do the evaluations that wait, as a worker does."""
    handler = EvaluateVersions(rig.core.model_versions, SqlModelEvaluations(rig.core.database), evaluate)
    for job in await rig.parts.queue.claim(Lane.TRAIN, new_id(), 9):
        assert job.kind == EVALUATE_KIND
        await handler(job)
        await rig.parts.queue.done(job)


async def evaluated(rig: Product, client: httpx2.AsyncClient, version: str) -> dict[str, Any]:
    asked = await client.post(EVALUATIONS, json={"task": "intent", "version": version})
    assert (asked.status_code, asked.json()["status"]) == (202, "running"), asked.text
    await work(rig)
    found: dict[str, Any] = (await client.get(f"{EVALUATIONS}{asked.json()['id']}/")).json()
    return found


async def promote(client: httpx2.AsyncClient, version: str, **more: bool) -> httpx2.Response:
    return await client.post("/api/models/promote/", json={"task": "intent", "version": version, **more})


async def active(client: httpx2.AsyncClient) -> str:
    (intent,) = [one for one in (await client.get(VERSIONS)).json()["tasks"] if one["task"] == "intent"]
    return str(intent["active"])


async def test_a_better_version_is_scored_promoted_and_rolled_back(rig: Product, client: httpx2.AsyncClient) -> None:
    found = await evaluated(rig, client, "head-b")
    assert (found["status"], found["candidate"], found["against"]) == ("done", "head-better", "starter")
    assert (found["candidate_scores"]["accuracy"], found["against_scores"]["accuracy"]) == (0.95, 0.90)
    assert (found["worse"], found["asked_by"]) == ([], "Admin")
    shown = (await promote(client, "head-better")).json()
    (intent,) = [one for one in shown["tasks"] if one["task"] == "intent"]
    newest = next(one for one in intent["versions"] if one["version"] == "head-better")
    assert (intent["active"], newest["status"], newest["activated_by"]) == ("head-better", "active", "Admin")
    assert newest["scores"]["accuracy"] == 0.95
    assert "/models" not in str(shown)  # where it lies on the server is nobody's business here
    assert (await client.post("/api/models/rollback/", json={"task": "intent"})).status_code == 200
    assert await active(client) == "starter"
    again = await client.post("/api/models/rollback/", json={"task": "intent"})
    assert (again.status_code, again.json()["code"]) == (409, "conflict")
    actions = [row.action for row in await rig.rows(models.AuditEntry, target_kind="model_version")]
    assert actions == ["model.promoted", "model.rolled_back"]


async def test_a_worse_version_is_refused_with_its_figures(rig: Product, client: httpx2.AsyncClient) -> None:
    assert (await evaluated(rig, client, "head-worse"))["worse"][0]["score"] == "accuracy"
    refused = await promote(client, "head-worse")
    assert (refused.status_code, refused.json()["code"]) == (409, "model_worse")
    assert refused.headers["content-type"] == "application/problem+json"
    assert refused.json()["worse"] == [{"score": "accuracy", "active": 0.9, "candidate": 0.8}]
    assert await active(client) == "starter"
    assert (await promote(client, "head-worse", anyway=True)).status_code == 200
    assert await active(client) == "head-worse"


async def test_only_what_was_compared_with_the_active_version_is_promoted(
    rig: Product, client: httpx2.AsyncClient
) -> None:
    assert (await promote(client, "head-better")).json()["code"] == "not_compared"
    await evaluated(rig, client, "head-worse")
    await evaluated(rig, client, "head-better")
    await promote(client, "head-better")
    refused = await promote(client, "head-worse", anyway=True)  # it was compared with what shipped
    assert (refused.status_code, refused.json()["code"]) == (409, "not_compared")
    assert (await promote(client, "head-better")).json()["detail"].endswith("active already")
    assert "is not known" in (await promote(client, "nothing")).json()["detail"]


async def test_the_same_evaluation_under_way_is_not_begun_twice(rig: Product, client: httpx2.AsyncClient) -> None:
    wish = {"task": "intent", "version": "head-better"}
    first, second = [(await client.post(EVALUATIONS, json=wish)).json() for _ in range(2)]
    assert first["id"] == second["id"]
    await work(rig)
    assert (await client.post(EVALUATIONS, json=wish)).json()["id"] != first["id"]
    page = (await client.get(EVALUATIONS, params={"limit": 1})).json()
    rest = (await client.get(EVALUATIONS, params={"limit": 1, "cursor": page["next"]})).json()
    assert [one["id"] for one in rest["evaluations"]] == [first["id"]]
    assert rest["next"] is None


async def test_a_model_that_cannot_be_scored_ends_its_evaluation_with_the_reason(
    rig: Product, client: httpx2.AsyncClient
) -> None:
    tries = []

    async def fails(task: Task, directory: Path | None, cases: int) -> Scores:
        tries.append(task)
        raise NotEvaluatedError("there is no config.json")

    await client.post(EVALUATIONS, json={"task": "intent", "version": "head-better"})
    (job,) = await rig.parts.queue.claim(Lane.TRAIN, new_id(), 9)
    handler = EvaluateVersions(rig.core.model_versions, SqlModelEvaluations(rig.core.database), fails)
    with pytest.raises(NotEvaluatedError):
        await handler(job)
    await handler(_at_last_try(job))
    (found,) = (await client.get(EVALUATIONS)).json()["evaluations"]
    assert (found["status"], found["error"], len(tries)) == ("failed", "there is no config.json", 2)
    assert (await promote(client, "head-better")).json()["code"] == "not_compared"


async def test_an_evaluation_whose_worker_was_lost_has_failed_and_is_begun_again(
    rig: Product, client: httpx2.AsyncClient
) -> None:
    wish = {"task": "intent", "version": "head-better"}
    lost = (await client.post(EVALUATIONS, json=wish)).json()["id"]
    async with rig.core.database.write_session() as session:
        begun = utc_now() - ABANDONED - timedelta(seconds=1)
        await session.execute(update(models.ModelEvaluation).values(created_at=begun))
        await session.commit()
    shown = (await client.get(f"{EVALUATIONS}{lost}/")).json()
    (listed,) = (await client.get(EVALUATIONS)).json()["evaluations"]
    assert (shown["status"], listed["status"]) == ("failed", "failed")
    assert "worker was lost" in listed["error"]
    assert (await client.post(EVALUATIONS, json=wish)).json()["id"] != lost


def _at_last_try(job: ClaimedJob) -> ClaimedJob:
    return replace(job, tries=job.max_tries)


async def test_one_shop_changes_its_server_s_models_by_default(folder: Path) -> None:
    async with product(folder) as shared:
        await shared.core.model_versions.add(Task.INTENT, "head-better", Path("/models/better"), pointers=False)
        async with await shared.signed_in(Role.OWNER) as client:
            assert (await client.get(VERSIONS)).json()["changeable"] is False
            assert (await promote(client, "head-better")).json()["code"] == "shared_models"


async def test_on_a_shared_server_no_shop_hears_who_of_another_changed_a_model(folder: Path) -> None:
    async with product(folder) as shared:
        added = await shared.core.model_versions.add(Task.INTENT, "head-better", Path("/models/better"), pointers=False)
        evaluations = SqlModelEvaluations(shared.core.database)
        (admin,) = await shared.rows(models.User, role=Role.ADMIN.value, shop_id=shared.mine.shop.id)
        await shared.core.model_versions.activate(Task.INTENT, added.id, instead_of=None, by=admin.id)
        begun = await evaluations.begin(Task.INTENT, "head-better", "starter", 300, admin.id)
        async with await shared.signed_in(Role.OWNER) as client:
            seen = [(await client.get(path)).text for path in (VERSIONS, EVALUATIONS, f"{EVALUATIONS}{begun.id}/")]
        assert all("head-better" in one and admin.name not in one for one in seen)


async def test_the_shipped_model_is_scored_in_a_process_of_its_own(tmp_path: Path) -> None:
    scores = await evaluate_apart(Task.SENTIMENT, None, 10)
    assert scores["accuracy"] > 0.8
    with pytest.raises(NotEvaluatedError, match=str(tmp_path)):
        await evaluate_apart(Task.SENTIMENT, tmp_path, 10)
