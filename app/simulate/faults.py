"""What goes wrong at a vendor: refusals, slowness, and answers that never come."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Literal, get_args

from starlette.responses import Response
from starlette.types import Receive, Scope, Send

FaultKind = Literal["refuse", "slow", "accept_and_die", "die"]
Switch = Literal["closed_window", "rate_limit", "server_error", "lost_callback"]
SWITCHES: tuple[Switch, ...] = get_args(Switch)


@dataclass(frozen=True, slots=True)
class Fault:
    """One fault. `refuse` answers with `response` and does nothing; `slow` waits `delay_s` before it answers as ever;
    `die` breaks the connection with nothing done; `accept_and_die` does all and then breaks it."""

    kind: FaultKind
    response: Response | None = None
    delay_s: float = 0.0


@dataclass(slots=True)
class Faults:
    """Faults to come, one per request, in order; and those that stay until they are switched off (`on`)."""

    planned: deque[Fault] = field(default_factory=deque)
    on: set[Switch] = field(default_factory=set)

    def plan(self, *faults: Fault) -> None:
        """Add faults for the next requests."""
        self.planned.extend(faults)

    async def answer(self, usual: Callable[[], Awaitable[Response]]) -> Response:
        """Answer as usual, or as the next planned fault wants."""
        fault = self.planned.popleft() if self.planned else None
        if fault is None and "server_error" in self.on:
            return Response("Service Unavailable", 503)
        if fault is None:
            return await usual()
        if fault.kind == "refuse" and fault.response is not None:
            return fault.response
        if fault.kind == "slow":
            await asyncio.sleep(fault.delay_s)
            return await usual()
        if fault.kind == "accept_and_die":
            await usual()
        return BrokenResponse()


class BrokenResponse(Response):
    """A response that promises a body and never sends it: the server then breaks the connection."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send the head alone."""
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"2")]})
