"""Versions of models: added once, promoted only when they are not worse, and taken back in one step."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest
from pydantic import SecretStr

from app.db.database import Database
from app.db.model_versions import SqlModelVersions
from app.domain.model_version import Scores, Task, VersionStatus
from app.services.model_versions import SHIPPED, ModelVersionError, ModelVersions, with_active
from app.settings import Settings

ACCURACY: Mapping[str | None, float] = {None: 0.90, "better": 0.95, "same": 0.95, "third": 0.95, "worse": 0.80}


def evaluate(task: Task, directory: Path | None) -> Scores:
    return {"accuracy": ACCURACY[None if directory is None else directory.name], "calibration_error": 0.02}


def version_of(task: Task, directory: Path) -> str:
    return f"{task.value}-{directory.name}"


@pytest.fixture
def cases(database: Database) -> ModelVersions:
    return ModelVersions(SqlModelVersions(database), evaluate, version_of)


async def add(cases: ModelVersions, *names: str, task: Task = Task.INTENT) -> None:
    for name in names:
        await cases.add(task, Path("/models") / name)


async def active(cases: ModelVersions, task: Task = Task.INTENT) -> str:
    found = await cases.active(task)
    return SHIPPED if found is None else found.version


async def test_a_version_is_added_once_and_not_used_yet(cases: ModelVersions) -> None:
    await add(cases, "better", "better")
    (version,) = await cases.all()
    assert (version.version, version.status) == ("intent-better", VersionStatus.CANDIDATE)
    assert await active(cases) == SHIPPED


async def test_a_better_version_is_promoted_and_its_scores_are_kept(cases: ModelVersions) -> None:
    await add(cases, "better")
    comparison = await cases.promote(Task.INTENT, "intent-b")
    assert (comparison.active, comparison.candidate) == (SHIPPED, "intent-better")
    assert await active(cases) == "intent-better"
    (version,) = await cases.all()
    assert version.scores == {"accuracy": 0.95, "calibration_error": 0.02}


async def test_a_worse_version_is_refused_unless_it_is_wanted_anyway(cases: ModelVersions) -> None:
    await add(cases, "better", "worse")
    await cases.promote(Task.INTENT, "intent-better")
    with pytest.raises(ModelVersionError, match=r"worse than intent-better: accuracy 0\.950 -> 0\.800"):
        await cases.promote(Task.INTENT, "intent-worse")
    assert await active(cases) == "intent-better"
    await cases.promote(Task.INTENT, "intent-worse", anyway=True)
    assert await active(cases) == "intent-worse"


async def test_rolling_back_goes_through_what_was_active_to_what_ships(cases: ModelVersions) -> None:
    await add(cases, "better", "same")
    for name in ("better", "same"):
        await cases.promote(Task.INTENT, f"intent-{name}")
    assert await cases.rollback(Task.INTENT) == "intent-better"
    assert await active(cases) == "intent-better"
    assert await cases.rollback(Task.INTENT) == SHIPPED
    assert await active(cases) == SHIPPED
    with pytest.raises(ModelVersionError, match="nothing to go back to"):
        await cases.rollback(Task.INTENT)


async def test_what_was_rolled_back_is_not_gone_back_to(cases: ModelVersions) -> None:
    await add(cases, "better", "same", "third")
    for name in ("better", "same"):
        await cases.promote(Task.INTENT, f"intent-{name}")
    await cases.rollback(Task.INTENT)
    await cases.promote(Task.INTENT, "intent-third")
    assert await cases.rollback(Task.INTENT) == "intent-better"
    statuses = {one.version: one.status for one in await cases.all()}
    assert statuses["intent-same"] is statuses["intent-third"] is VersionStatus.WITHDRAWN


async def test_what_became_active_meanwhile_is_not_replaced_unseen(database: Database) -> None:
    store = SqlModelVersions(database)
    first, second = [
        await store.add(Task.INTENT, name, Path("/models") / name, pointers=False) for name in ("first", "second")
    ]
    assert await store.activate(Task.INTENT, first.id, instead_of=None)
    assert not await store.activate(Task.INTENT, second.id, instead_of=None)
    assert not await store.go_back(Task.INTENT, None, instead_of=second.id)
    assert [one.status for one in await store.all()] == [VersionStatus.CANDIDATE, VersionStatus.ACTIVE]


async def test_the_active_version_is_not_promoted_again(cases: ModelVersions) -> None:
    with pytest.raises(ModelVersionError, match="starter is active already"):
        await cases.promote(Task.INTENT, SHIPPED)


async def test_the_model_that_ships_can_be_promoted_again(cases: ModelVersions) -> None:
    await add(cases, "worse")
    await cases.promote(Task.INTENT, "intent-worse", anyway=True)
    assert (await cases.promote(Task.INTENT, SHIPPED)).worse == []
    assert await active(cases) == SHIPPED


async def test_an_unknown_or_ambiguous_name_says_what_there_is(cases: ModelVersions) -> None:
    await add(cases, "better", "same")
    for name, problem in (("nothing", "is not known"), ("intent-", "fits several")):
        with pytest.raises(ModelVersionError, match=f"{problem}.*starter, intent-same, intent-better"):
            await cases.find(Task.INTENT, name)


async def test_tasks_do_not_touch_each_other(cases: ModelVersions) -> None:
    await add(cases, "better")
    await add(cases, "better", task=Task.SENTIMENT)
    await cases.promote(Task.SENTIMENT, "sentiment-better")
    assert (await active(cases), await active(cases, Task.SENTIMENT)) == (SHIPPED, "sentiment-better")


async def test_workers_load_what_is_active_unless_a_directory_is_set_by_hand(cases: ModelVersions) -> None:
    await add(cases, "better")
    await cases.promote(Task.INTENT, "intent-better")
    await cases.add(Task.RESPONDER, Path("/models/never-promoted"))
    settings = with_active(Settings(secret_key=SecretStr("x" * 32)), await cases.all())
    assert (settings.intent_dir, settings.responder_dir) == (Path("/models/better"), None)
    by_hand = Settings(secret_key=SecretStr("x" * 32), intent_dir=Path("/mine"))
    assert with_active(by_hand, await cases.all()).intent_dir == Path("/mine")
