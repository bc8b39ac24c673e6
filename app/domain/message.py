"""What is said, by whom, and which texts are fit to be stored."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from realtime.ports import CommandError

MESSAGE_CHARS = 4000  # characters (code points) of one message
_UNSEEN = frozenset({"Cc", "Cf", "Zs", "Zl", "Zp"})  # Unicode categories of what leaves no mark


class SenderKind(StrEnum):
    """Whose voice it is."""

    CUSTOMER = "customer"
    BOT = "bot"
    AGENT = "agent"
    SYSTEM = "system"


class FinishReason(StrEnum):
    """How a text of the bot ended."""

    STOP = "stop"
    LENGTH = "length"
    STOPPED = "stopped"
    TAKEN_OVER = "taken_over"
    ERROR = "error"


@dataclass(frozen=True, slots=True)
class Score:
    """A label of a classifier and its probability."""

    label: str
    score: float


@dataclass(frozen=True, slots=True)
class Message:
    """One message as stored; attachments, products and sources as on the wire."""

    id: UUID
    shop: UUID
    conversation: UUID
    seq: int
    sender: SenderKind
    sender_id: UUID | None
    sender_name: str | None
    text: str
    created_at: datetime
    client_id: str | None = None
    finish_reason: FinishReason | None = None
    attachments: tuple[Any, ...] = ()
    products: tuple[Any, ...] = ()
    sources: tuple[Any, ...] = ()
    delivery: Mapping[str, Any] | None = None  # on an external channel, as on the wire
    refers: Mapping[str, Any] | None = None  # what it answers or came from, as on the wire
    reaction: str | None = None  # the customer's, on an external channel
    intent: Score | None = None
    sentiment: Score | None = None
    redacted: bool = False


def check_text(text: str, max_chars: int = MESSAGE_CHARS) -> str:
    """Return the text as it will be stored.

    Raises: CommandError `bad_frame` when nothing of it can be seen, or it holds NUL or half a surrogate pair (neither
    can be stored in PostgreSQL); `too_large` when it is too long.
    """
    if len(text) > max_chars:
        raise CommandError("too_large", f"a text has at most {max_chars} characters, got {len(text)}")
    if "\0" in text:
        raise CommandError("bad_frame", "the text holds a NUL character")
    if any("\ud800" <= character <= "\udfff" for character in text):
        raise CommandError("bad_frame", "the text holds half a surrogate pair")
    if all(unicodedata.category(character) in _UNSEEN for character in text):
        raise CommandError("bad_frame", "the text is empty")
    return text
