"""A process that takes what some visitors say at once, and kills itself at one step; see tests.fixtures.mortals."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path
from unittest.mock import patch
from uuid import UUID

from app.db.database import Database
from app.domain.people import Visitor
from app.services.change import Change, Changes
from app.services.ports import Transaction
from tests.fixtures.death import die
from tests.integration.db.crowd import Commit, Crowd
from tests.integration.db.world import World

KEY = "the same"
DEATHS = ("locked", "written", "committed", "published")
SHARED = 3  # the transaction, counted from 1, that is that of several


async def main(folder: Path, step: str, url: str, shop: str, *visitors: str) -> None:
    """Let all of them say the step."""

    async def limit(sender: UUID) -> None:
        if step == "locked" and len(crowd.store.sizes) == SHARED:
            die()

    async def commit(whole: Commit, parts: Sequence[Transaction]) -> None:
        if step == "written" and len(parts) > 1:
            die()
        await whole(parts)
        if step == "committed" and len(parts) > 1:
            die()

    async def settle(changes: Changes, settled: Sequence[Change]) -> None:
        await publish(changes, settled)
        if step == "published" and len(settled) > 1:
            die()

    publish = Changes.settle
    crowd = Crowd(World(Database(url)), limit=limit)
    crowd.store.at_commit = commit
    conversations = [await crowd.join(Visitor(UUID(one), UUID(shop), "Ana")) for one in visitors]
    with patch.object(Changes, "settle", settle):
        await asyncio.gather(*await crowd.say_together([(one, step) for one in conversations], KEY))
