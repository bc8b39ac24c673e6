"""How much visitors, addresses and shops may do: connections, commands, new conversations."""

from __future__ import annotations

from dataclasses import dataclass
from ipaddress import ip_address

from app.services.buckets import Bucket, Buckets
from realtime.ports import CommandError, Principal


@dataclass(frozen=True, slots=True)
class PerMinute:
    """One kind of thing, by whom it is counted. `person` is a visitor or a member of staff."""

    person: int
    address: int
    shop: int


@dataclass(frozen=True, slots=True)
class LimitSettings:
    """What is allowed per minute."""

    connections: PerMinute
    commands: PerMinute
    conversations: PerMinute
    uploads: PerMinute


class Limits:
    """Counts and refuses. Staff does not take from what the shop's visitors share: they must get through to help."""

    def __init__(self, buckets: Buckets, settings: LimitSettings) -> None:
        self._buckets = buckets
        self._settings = settings

    async def connect(self, address: str) -> None:
        """Count an attempt to connect, before anything is known of who it is.

        Raises: CommandError `rate_limited`.
        """
        await self._take("connections", _of_address("connect", address, self._settings.connections))

    async def connected(self, principal: Principal) -> None:
        """Count a connection of somebody known; raises as `connect`."""
        await self._take("connections", _of_principal("connect", principal, self._settings.connections))

    async def command(self, principal: Principal) -> None:
        """Count a command; raises as `connect`."""
        limits = self._settings.commands
        buckets = _of_principal("command", principal, limits)
        shared = [] if principal.is_staff else _of_address("command", principal.address, limits)
        await self._take("commands", [*buckets[:1], *shared, *buckets[1:]])

    async def conversation(self, principal: Principal) -> None:
        """Count a conversation that is about to begin; raises as `connect`."""
        await self._begin("conversation", principal, self._settings.conversations)

    async def upload(self, principal: Principal) -> None:
        """Count a file that a visitor is about to upload; raises as `connect`."""
        await self._begin("upload", principal, self._settings.uploads)

    async def _begin(self, what: str, principal: Principal, limits: PerMinute) -> None:
        person, *shop = _of_principal(what, principal, limits)
        await self._take(f"{what}s", [person, *_of_address(what, principal.address, limits), *shop])

    async def _take(self, what: str, buckets: list[Bucket]) -> None:
        wait_ms = await self._buckets.take(*buckets)
        if wait_ms is not None:
            raise CommandError("rate_limited", f"too many {what}, try again later", retry_after_ms=wait_ms)


def _of_principal(what: str, principal: Principal, limits: PerMinute) -> list[Bucket]:
    person = Bucket(what, f"{principal.kind}:{principal.id}", limits.person)
    return [person] if principal.is_staff else [person, Bucket(what, f"shop:{principal.shop}", limits.shop)]


def _of_address(what: str, address: str, limits: PerMinute) -> list[Bucket]:
    """A loopback address is a proxy's or a program's on this machine: it says nothing about who is behind it."""
    try:
        is_told = not ip_address(address).is_loopback
    except ValueError:
        is_told = bool(address)
    return [Bucket(what, f"address:{address}", limits.address)] if is_told else []
