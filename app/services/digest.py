"""What an agent needs to know who takes a conversation over: taken from its records, word for word, never composed.

What was wanted comes from the decisions and, where an agent answered, from the classified messages; what was told are
the facts of the answers whose literals stand in what the customer read; the mood is that of the messages.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, Protocol
from uuid import UUID

from msgspec import Struct

from app.domain.people import Staff
from app.services.rights import check_access, not_found
from nlp.labels import INTENTS

SURE = 0.45  # of a classified message, before it counts as a wish
MOST_WISHES = 8
_TALK = frozenset({"greeting", "goodbye", "thanks", "unclear", "out_of_scope"})
# Facts that the customer may hold the shop to.
_PROMISES = ("order.arrives", "refund.", "policy.", "delivery.", "handoff.wait", "discount.", "product.1.restock")
_LEVELS = {"negative": -1, "neutral": 0, "positive": 1}

Trend = Literal["falling", "steady", "rising"]


@dataclass(frozen=True, slots=True)
class Said:
    """A message of the customer, as it was classified."""

    at: datetime
    seq: int
    intent: str | None
    score: float
    sentiment: str | None


@dataclass(frozen=True, slots=True)
class Answered:
    """An answer of the bot: its decision, the facts it had, and the text that was read."""

    at: datetime
    covers_seq: int
    decision: Mapping[str, object]
    facts: Mapping[str, str]
    text: str


@dataclass(frozen=True, slots=True)
class Talk:
    """A conversation as read for its digest, oldest first."""

    shop: UUID
    identity: UUID
    said: Sequence[Said]
    answered: Sequence[Answered]
    handoff_reason: str | None


class Talks(Protocol):
    """Reads conversations for digests."""

    async def talk(self, conversation: UUID) -> Talk | None: ...


class Wish(Struct, frozen=True):
    """What the customer wanted; `act` is what the bot did about it (null: no answer of the bot)."""

    at: datetime
    intent: str
    meaning: str
    order: str | None = None
    act: str | None = None


class Told(Struct, frozen=True):
    """A fact that the customer was told; `promise` when the shop can be held to it."""

    at: datetime
    fact: str
    text: str
    promise: bool


class Digest(Struct, frozen=True):
    """A conversation in short: wishes in their order, the orders spoken of, what was told, the mood and its trend."""

    wishes: list[Wish]
    orders: list[str]
    told: list[Told]
    mood: str | None
    trend: Trend
    handoff_reason: str | None
    unanswered_since: datetime | None


class Digests:
    """Makes digests for staff."""

    def __init__(self, talks: Talks) -> None:
        self._talks = talks

    async def of(self, staff: Staff, conversation: UUID) -> Digest:
        """Return the digest of a conversation.

        Raises: CommandError `not_found`.
        """
        talk = await self._talks.talk(conversation)
        if talk is None:
            raise not_found()
        check_access(staff, talk.shop, talk.identity)
        return digest(talk)


def digest(talk: Talk) -> Digest:
    """Take a conversation together."""
    covered = max((one.covers_seq for one in talk.answered), default=0)
    wishes = sorted((*_decided(talk.answered), *_classified(talk.said, covered)), key=lambda wish: wish.at)
    moods = [one.sentiment for one in talk.said if one.sentiment is not None]
    waiting = [one.at for one in talk.said if one.seq > covered]
    return Digest(
        wishes=_without_repeats(wishes)[-MOST_WISHES:],
        orders=list(dict.fromkeys(wish.order for wish in wishes if wish.order is not None)),
        told=_told(talk.answered),
        mood=moods[-1] if moods else None,
        trend=_trend(moods),
        handoff_reason=talk.handoff_reason,
        unanswered_since=waiting[0] if waiting else None,
    )


def _decided(answers: Iterable[Answered]) -> Iterable[Wish]:
    for one in answers:
        other = one.decision.get("also")
        for decision in (other, one.decision):
            label = decision.get("label") if isinstance(decision, Mapping) else None
            if isinstance(label, str) and label in INTENTS and label not in _TALK:
                act, order = (one.decision.get(name) if decision is one.decision else None for name in ("act", "order"))
                yield Wish(one.at, label, INTENTS[label], _text(order), _text(act) or "answer")


def _classified(said: Iterable[Said], covered: int) -> Iterable[Wish]:
    """The wishes of messages that no answer of the bot took up."""
    for one in said:
        if one.seq > covered and one.intent in INTENTS and one.intent not in _TALK and one.score >= SURE:
            yield Wish(one.at, one.intent, INTENTS[one.intent])


def _without_repeats(wishes: Sequence[Wish]) -> list[Wish]:
    """Keep the last of each wish about the same order: what came of it in the end."""
    last = {(wish.intent, wish.order): wish for wish in wishes}
    return sorted(last.values(), key=lambda wish: wish.at)


def _told(answers: Iterable[Answered]) -> list[Told]:
    found: dict[str, Told] = {}
    for one in answers:
        for key, text in one.facts.items():
            if len(text) > 1 and text in one.text:
                found[f"{key}: {text}"] = Told(one.at, key, text, key.startswith(_PROMISES))
    return list(found.values())


def _trend(moods: Sequence[str]) -> Trend:
    levels = [_LEVELS.get(mood, 0) for mood in moods]
    if len(levels) < 2:
        return "steady"
    half = len(levels) // 2
    change = sum(levels[half:]) / len(levels[half:]) - sum(levels[:half]) / half
    return "falling" if change < 0 else "rising" if change > 0 else "steady"


def _text(value: object) -> str | None:
    return value if isinstance(value, str) else None
