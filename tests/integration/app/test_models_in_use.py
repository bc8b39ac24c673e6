"""A promoted version whose files changed: the worker uses the one before, says so, and rings."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

from app.bootstrap.worker import Models, build_worker, load_models
from app.db import models
from app.domain.model_version import Task
from app.services.model_digest import digest_of
from app.services.worker.reply_run import ResponderModel
from nlp import sentiment
from tests.integration.app.responder import ScriptedResponder
from tests.integration.app.rig import Product, analyzer, encoder


async def test_a_model_whose_files_changed_is_not_used_and_rings_once(rig: Product, tmp_path: Path) -> None:
    folder = tmp_path / "head"
    shutil.copytree(sentiment.STARTER, folder)
    version = await rig.core.model_versions.add(
        Task.SENTIMENT, "head-mine", folder, digest=digest_of(folder), pointers=False
    )
    await rig.core.model_versions.activate(Task.SENTIMENT, version.id, instead_of=None)
    (folder / "labels.json").write_text("{}")
    found = load_models(rig.settings, await rig.core.model_versions.all())
    await found.responder.engine.aclose()
    (one,) = found.passed_over
    assert (one.version.version, one.instead) == ("head-mine", "starter")
    assert found.analyzer.versions["sentiment"] == analyzer().versions["sentiment"]

    responder = ResponderModel(engine=ScriptedResponder(), name="scripted", has_pointers=True, max_tokens=64)
    core = replace(rig.core, settings=rig.settings.model_copy(update={"models_by_shops": True}))
    for _ in range(2):  # another worker that starts on the same day adds nothing
        worker = build_worker(core, rig.parts, Models(encoder(), analyzer(), responder, found.passed_over))
        await worker.warm()
        for close in worker.closing:
            await close()
    rung = await rig.rows(models.Notification, kind="model_broken")
    leaders = [member for tenant in (rig.mine, rig.other) for role, member in tenant.staff.items() if role.may_overrule]
    assert sorted(row.user_id for row in rung) == sorted(member.id for member in leaders)
