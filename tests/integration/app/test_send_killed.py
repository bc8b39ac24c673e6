"""kill -9 at every step of sending: no message is lost, and none comes to the vendor twice."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Literal
from uuid import uuid4

import pytest

from app.services.deliver import CHECK_KIND
from tests.fixtures.effort import EFFORT
from tests.fixtures.mortals import Mortals
from tests.integration.app.dying_sender import DEATHS
from tests.integration.app.rig import Product
from tests.integration.app.stand_ins import Connected, Hands, agent_of, connected
from tests.integration.db.world import expire_leases

IS_LONG = EFFORT > 1
TEXT = "Your parcel left on Monday."
NEVER_CALLED = "the part is marked as being sent"


@pytest.fixture(scope="module")
def mortals() -> Iterator[Mortals]:
    mortals = Mortals("tests.integration.app.dying_sender")
    yield mortals
    mortals.close()


async def settle(channel: Connected, hands: Hands) -> None:
    """Let another worker go on, as long as it takes to know all there is to know."""
    await expire_leases(hands.rig.core.database)
    for _ in range(4):
        await hands.work()
        await channel.stand_in.outgoing.idle()
        await hands.later(CHECK_KIND)


@pytest.mark.parametrize("step", DEATHS)
@pytest.mark.parametrize("kind", ["whatsapp", *(["messenger"] if IS_LONG else [])])
async def test_dead_at(
    rig: Product, folder: Path, mortals: Mortals, kind: Literal["whatsapp", "messenger"], step: str
) -> None:
    hands = Hands(rig)
    async with connected(rig, kind) as channel:
        await channel.write("Hello?")
        await hands.work()
        conversation = await channel.conversation()
        sent = await rig.parts.cases.sending.send(agent_of(rig), conversation, str(uuid4()), TEXT)
        await mortals.die(folder, step)
        await settle(channel, hands)
        if step == NEVER_CALLED:
            # The narrow case: nobody can know that the call was not made. It is told, and a person decides.
            assert (channel.texts(), await channel.statuses()) == ([], ["unknown"])
            await rig.parts.cases.deliver.resend(agent_of(rig), conversation, sent.message, uuid4())
            await settle(channel, hands)
        assert channel.texts() == [TEXT]
        assert await channel.statuses() == ["delivered"]
