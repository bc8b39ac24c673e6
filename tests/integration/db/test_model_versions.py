"""Versions of models: added once, promoted only when they are not worse, and taken back in one step."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

import app.db.model_versions
from app.db.database import Database
from app.db.model_versions import SqlModelVersions
from app.domain.model_version import Scores, Task, VersionStatus
from app.services.model_digest import digest_of
from app.services.model_versions import SHIPPED, ModelChangedError, ModelVersionError, ModelVersions, VersionInUseError
from app.services.models_in_use import ModelsInUse, Source
from app.settings import Settings
from nlp.model_files import ModelFilesError

ACCURACY: Mapping[str | None, float] = {None: 0.90, "better": 0.95, "same": 0.95, "third": 0.95, "worse": 0.80}


def evaluate(task: Task, directory: Path | None) -> Scores:
    return {"accuracy": ACCURACY[None if directory is None else directory.name], "calibration_error": 0.02}


def version_of(task: Task, directory: Path) -> str:
    return f"{task.value}-{directory.name}"


def model(name: str, content: str = "{}") -> Path:
    """Write something like a model."""
    folder = Path(name).resolve()
    folder.mkdir(exist_ok=True)
    (folder / "config.json").write_text(content)
    return folder


@pytest.fixture
def cases(database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ModelVersions:
    monkeypatch.chdir(tmp_path)
    return ModelVersions(SqlModelVersions(database), evaluate, version_of)


async def add(cases: ModelVersions, *names: str, task: Task = Task.INTENT) -> None:
    for name in names:
        await cases.add(task, model(name))


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


@pytest.mark.parametrize("backend", ["postgresql"])  # SQLite has one writer at a time
async def test_of_two_first_promotions_at_the_same_moment_one_is_refused(
    cases: ModelVersions, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    await add(cases, "better", "same")
    leave, both_looked = app.db.model_versions._leave, asyncio.Barrier(2)

    async def together(*about: Any) -> bool:
        found = await leave(*about)
        await both_looked.wait()
        return found

    monkeypatch.setattr(app.db.model_versions, "_leave", together)
    versions = SqlModelVersions(database)
    both = (versions.activate(Task.INTENT, one.id, instead_of=None) for one in await cases.all())
    assert sorted(await asyncio.gather(*both)) == [False, True]
    assert [one.status for one in await cases.all()].count(VersionStatus.ACTIVE) == 1


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


def loaded(cases: ModelsInUse, task: Task = Task.INTENT) -> Source:
    return cases.load(task, lambda source: source)


def named(source: Source) -> str | None:
    return None if source.directory is None else source.directory.name


async def in_use(cases: ModelVersions, **by_hand: object) -> ModelsInUse:
    return ModelsInUse(Settings(secret_key=SecretStr("x" * 32)).model_copy(update=by_hand), await cases.all())


async def test_workers_load_what_is_active_unless_a_directory_is_set_by_hand(cases: ModelVersions) -> None:
    await add(cases, "better")
    await cases.promote(Task.INTENT, "intent-better")
    await cases.add(Task.RESPONDER, model("never-promoted"), pointers=True)
    found = await in_use(cases)
    assert named(loaded(found)) == "better"
    assert loaded(found, Task.RESPONDER) == Source()
    assert loaded(await in_use(cases, intent_dir=Path("/mine"))).directory == Path("/mine")
    assert found.passed_over == []


async def test_a_version_whose_files_changed_gives_way_to_the_one_before_it(cases: ModelVersions) -> None:
    await add(cases, "better", "same")
    for name in ("better", "same"):
        await cases.promote(Task.INTENT, f"intent-{name}")
    model("same", "other weights")
    found = await in_use(cases)
    assert named(loaded(found)) == "better"
    (one,) = found.passed_over
    assert (one.version.version, one.instead) == ("intent-same", "intent-better")
    assert "are not those that were added" in one.reason
    model("better").joinpath("config.json").unlink()
    found = await in_use(cases)
    assert loaded(found) == Source()
    assert [(one.version.version, one.instead) for one in found.passed_over] == [("intent-same", SHIPPED)]


async def test_a_version_that_this_release_cannot_load_gives_way_too(cases: ModelVersions) -> None:
    await add(cases, "better")
    await cases.promote(Task.INTENT, "intent-better")

    def load(source: Source) -> Source:
        if source.directory is not None:
            raise ModelFilesError("made for another encoder")
        return source

    found = await in_use(cases)
    assert found.load(Task.INTENT, load) == Source()
    assert [one.reason for one in found.passed_over] == ["made for another encoder"]
    with pytest.raises(ModelFilesError):  # what is set by hand is meant, and nothing takes its place
        (await in_use(cases, intent_dir=Path("/mine"))).load(Task.INTENT, load)


async def test_files_that_changed_are_neither_scored_nor_promoted(cases: ModelVersions) -> None:
    await add(cases, "better")
    model("better", "other weights")
    with pytest.raises(ModelChangedError, match="are not those that were added"):
        await cases.promote(Task.INTENT, "intent-better")
    assert await active(cases) == SHIPPED


async def test_a_version_added_again_with_other_files_has_to_prove_itself_again(cases: ModelVersions) -> None:
    await add(cases, "better", "same")
    for name in ("better", "same"):
        await cases.promote(Task.INTENT, f"intent-{name}")
    again = await cases.add(Task.INTENT, model("better", "another tokenizer"))
    assert (again.status, again.scores) == (VersionStatus.CANDIDATE, {})
    with pytest.raises(VersionInUseError, match="promote another version first"):
        await cases.add(Task.INTENT, model("same", "another tokenizer"))
    assert await cases.rollback(Task.INTENT) == SHIPPED


def test_a_digest_is_of_what_is_loaded(tmp_path: Path) -> None:
    (tmp_path / "model.safetensors").write_bytes(b"weights")
    (tmp_path / "tokenizer.json").write_bytes(b"{}")
    before = digest_of(tmp_path)
    (tmp_path / "README.md").write_text("scores")
    (tmp_path / "checkpoints").mkdir()
    assert digest_of(tmp_path) == before
    (tmp_path / "tokenizer.json").write_bytes(b"{} ")
    assert digest_of(tmp_path) != before
