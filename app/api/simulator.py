"""Playing customers on channels from the console: in demo mode only, and for admins only."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Literal
from uuid import UUID

from msgspec import Struct

from app.api.operation import Call, Operation
from app.auth.roles import Permission
from app.services.simulator import Played
from app.simulate.faults import SWITCHES, Switch

TAG = "simulator"


class SimulatedLine(Struct, frozen=True):
    """Something that was said, as the customer sees it: `by` is customer or shop."""

    by: str
    person: str
    text: str
    at: datetime


class Simulated(Struct, frozen=True):
    """A channel that can be simulated. `account` is null until its first event; `faults` are switched on."""

    kind: str
    account: UUID | None
    person: str | None
    faults: list[str]
    lines: list[SimulatedLine]


class Simulators(Struct, frozen=True):
    """All channels that can be simulated, and the faults that each of them but Shopify can have."""

    channels: list[Simulated]
    faults: list[str]


class NewEvent(Struct, frozen=True, forbid_unknown_fields=True):
    """What happens at the vendor: a customer at the address `person` writes `text`, or reads all that came. For
    Shopify `text` is the number of an order that the shop tells of."""

    text: str = ""
    person: str = ""
    event: Literal["message", "read"] = "message"


class EventTaken(Struct, frozen=True):
    """What this server answered to the event: 200 when it took it, 0 when it did not answer."""

    status: int
    channel: Simulated


class FaultSwitch(Struct, frozen=True, forbid_unknown_fields=True):
    """A fault of the vendor: the window is closed, calls come too fast, answers are errors, callbacks are lost."""

    fault: Switch
    on: bool


async def list_simulators(call: Call) -> Simulators:
    """List the channels that can be simulated, with what was said on them."""
    simulator, shop = call.context.simulator, call.staff.shop
    return Simulators([_shown(kind, simulator.playing(shop, kind)) for kind in simulator.kinds], list(SWITCHES))


async def simulate_event(call: Call) -> EventTaken:
    """Play an event: signed, and brought to this server over HTTP as a vendor does."""
    body: NewEvent = call.body
    kind, simulator = call.request.path_params["kind"], call.context.simulator
    status = 200
    if body.event == "read":
        await simulator.read(call.staff.shop, kind)
    else:
        status = await simulator.write(call.staff.shop, kind, body.text, body.person)
    return EventTaken(status, _shown(kind, simulator.playing(call.staff.shop, kind)))


async def switch_fault(call: Call) -> Simulated:
    """Switch a fault of a stand-in on or off; it stays so until it is switched again."""
    body: FaultSwitch = call.body
    kind = call.request.path_params["kind"]
    return _shown(kind, await call.context.simulator.switch(call.staff.shop, kind, body.fault, on=body.on))


def _shown(kind: str, played: Played | None) -> Simulated:
    if played is None:
        return Simulated(kind, None, None, [], [])
    lines = [
        SimulatedLine(
            "customer" if one.by_customer else "shop", one.person, one.text, datetime.fromtimestamp(one.at, UTC)
        )
        for one in played.lines()
    ]
    faults = sorted(played.scene.stand_in.faults.on)
    return Simulated(kind, played.account, played.scene.person, list(faults), lines)


MANAGE = Permission.MANAGE_SETTINGS
OPERATIONS: Sequence[Operation] = (
    Operation("GET", "/api/simulate/", list_simulators, "Channels that can be simulated", TAG, MANAGE,
              response=Simulators),
    Operation("POST", "/api/simulate/{kind}/", simulate_event, "Play an event", TAG, MANAGE, NewEvent, None,
              EventTaken, errors=(409,)),
    Operation("POST", "/api/simulate/{kind}/faults/", switch_fault, "Switch a vendor's fault", TAG, MANAGE,
              FaultSwitch, None, Simulated, errors=(409,)),
)  # fmt: skip
