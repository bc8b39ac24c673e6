"""kill -9 at every step of receiving: the message is there once, in one conversation of one customer, and answered."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from app.db import models
from tests.fixtures.mortals import Mortals
from tests.fixtures.signed import PUBLIC_URL
from tests.integration.app.dying_receiver import DEATHS, event, text_of
from tests.integration.app.rig import Product, product
from tests.integration.app.vendors import Vendors
from tests.integration.db.world import expire_leases


@pytest.fixture
async def rig(folder: Path) -> AsyncIterator[Product]:
    async with product(folder, public_url=PUBLIC_URL) as opened:
        yield opened


@pytest.fixture(scope="module")
def mortals() -> Iterator[Mortals]:
    mortals = Mortals("tests.integration.app.dying_receiver")
    yield mortals
    mortals.close()


async def test_dead_at_every_step(rig: Product, folder: Path, mortals: Mortals) -> None:
    vendors = Vendors(rig)
    await vendors.connect("messenger")
    for step in DEATHS:
        await mortals.die(folder, step)
        assert (await vendors.post(event(step))).status_code == 200  # a vendor without an answer sends it again
        await expire_leases(rig.core.database)
        await vendors.work()
    assert await vendors.texts() == [text_of(step) for step in DEATHS]
    for table in (models.Conversation, models.ChannelIdentity, models.Response):
        assert len(await rig.rows(table)) == len(DEATHS), table
    assert await rig.rows(models.WebhookLog, processed_at=None) == []
