"""Who has a conversation open and who is typing: entries with a TTL that their node refreshes.

A closed connection stays for a grace time, so that a reload or a deploy shows no leave and join; one whose node was
killed is gone when its TTL ends. Nothing here is worth keeping: an empty store fills again at the next refresh.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from typing import Protocol
from uuid import UUID

from realtime.protocol.shapes import PresentParticipant

PRESENCE_TTL_S = 30.0
"""How long a connection counts without a refresh. With a refresh every 15 s ghosts are gone within 45 s."""

GRACE_S = 15.0
"""How long a closed connection still counts."""

TYPING_TTL_S = 6.0
"""How long `typing` holds without another one."""


People = tuple[PresentParticipant, ...]


class PresenceUnavailableError(ConnectionError):
    """The store cannot be reached now."""


class Presence(Protocol):
    """Presence and typing per conversation. Every method raises PresenceUnavailableError."""

    async def touch(self, conversation: UUID, connection: UUID, participant: PresentParticipant) -> People | None:
        """Enter or refresh a connection; return who is there when that is other than `touch` or `settle` last told."""

    async def settle(self, conversation: UUID) -> People | None:
        """Return who is there when that is other than was last told: somebody's time may have ended."""

    async def leave(self, conversation: UUID, connection: UUID) -> None:
        """Let a connection go after the grace time; a `touch` of another connection of the same person keeps them."""

    async def participants(self, conversation: UUID) -> People:
        """Return each person once: online when any of their connections is, else away."""

    async def set_typing(self, conversation: UUID, participant: UUID, on: bool) -> bool:
        """Start, refresh or stop typing; true when it was the other way before."""

    async def typing(self, conversation: UUID) -> frozenset[UUID]:
        """Return who is typing."""

    async def aclose(self) -> None:
        """Close connections; idempotent."""


def merge_connections(entries: Iterable[PresentParticipant]) -> People:
    """Return each person once, ordered by kind and id, online when any of their connections is."""
    people: dict[tuple[str, UUID], PresentParticipant] = {}
    for entry in entries:
        known = people.get((entry.kind, entry.id))
        if known is None or (known.state == "away" and entry.state == "online"):
            people[entry.kind, entry.id] = entry
    return tuple(people[key] for key in sorted(people))


class MemoryPresence:
    """Presence of a single process."""

    def __init__(
        self,
        *,
        ttl_s: float = PRESENCE_TTL_S,
        grace_s: float = GRACE_S,
        typing_ttl_s: float = TYPING_TTL_S,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._ttl_s = ttl_s
        self._grace_s = grace_s
        self._typing_ttl_s = typing_ttl_s
        self._clock = clock
        self._present: dict[UUID, dict[UUID, tuple[PresentParticipant, float]]] = {}
        self._told: dict[UUID, People] = {}
        self._typing: dict[UUID, dict[UUID, float]] = {}
        self._next_sweep = clock() + ttl_s

    async def touch(self, conversation: UUID, connection: UUID, participant: PresentParticipant) -> People | None:
        """Enter or refresh a connection; see the port."""
        self._sweep()
        now = self._clock()
        entries = self._present.get(conversation, {})
        live = {key: entry for key, entry in entries.items() if entry[1] > now}
        live[connection] = (participant, now + self._ttl_s)
        self._present[conversation] = live
        return await self.settle(conversation)

    async def settle(self, conversation: UUID) -> People | None:
        """Return who is there when that is news; see the port."""
        people = await self.participants(conversation)
        if people == self._told.get(conversation, ()):
            return None
        if people:
            self._told[conversation] = people
        else:
            del self._told[conversation]  # nobody is left: the next one is news again
        return people

    async def leave(self, conversation: UUID, connection: UUID) -> None:
        """Let a connection go after the grace time."""
        entries = self._present.get(conversation, {})
        if connection in entries:
            participant, expires_at = entries[connection]
            entries[connection] = (participant, min(expires_at, self._clock() + self._grace_s))

    async def participants(self, conversation: UUID) -> People:
        """Return each person once; see the port."""
        now = self._clock()
        entries = self._present.get(conversation, {})
        return merge_connections(participant for participant, expires_at in entries.values() if expires_at > now)

    async def set_typing(self, conversation: UUID, participant: UUID, on: bool) -> bool:
        """Start, refresh or stop typing; see the port."""
        self._sweep()
        typing = self._live_typing(conversation)
        was_on = participant in typing
        if on:
            typing[participant] = self._clock() + self._typing_ttl_s
            self._typing[conversation] = typing
        elif was_on:
            del typing[participant]
            if not typing:
                del self._typing[conversation]
        return was_on != on

    async def typing(self, conversation: UUID) -> frozenset[UUID]:
        """Return who is typing."""
        return frozenset(self._live_typing(conversation))

    async def aclose(self) -> None:
        """Forget everything."""
        self._present.clear()
        self._told.clear()
        self._typing.clear()

    def _sweep(self) -> None:
        """Once per TTL, drop the conversations that nobody refreshes any more."""
        now = self._clock()
        if now < self._next_sweep:
            return
        self._next_sweep = now + self._ttl_s
        for conversation, entries in list(self._present.items()):
            if all(expires_at <= now for _, expires_at in entries.values()):
                del self._present[conversation]
                self._told.pop(conversation, None)
        for conversation in list(self._typing):
            self._live_typing(conversation)

    def _live_typing(self, conversation: UUID) -> dict[UUID, float]:
        """Drop who stopped without a word, and return the rest."""
        now = self._clock()
        typing = self._typing.get(conversation, {})
        for participant in [key for key, expires_at in typing.items() if expires_at <= now]:
            del typing[participant]
        if not typing:
            self._typing.pop(conversation, None)
        return typing
