"""How a shop wants its conversations handled."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from typing import Any, Self, TypeVar

Choice = TypeVar("Choice", bound=StrEnum)


class DoubleTexting(StrEnum):
    """What a new question does to a reply in progress."""

    MERGE = "merge"  # stopped, and both are answered together
    QUEUE = "queue"  # left to end, and then the new one is answered


class HandoffTimeout(StrEnum):
    """What happens when nobody takes a handed-off conversation in time."""

    TELL = "tell"  # the customer is told, the queue keeps it
    RESUME = "resume"  # the customer is told, the bot goes on


@dataclass(frozen=True, slots=True)
class ShopRules:
    """The part of a shop's settings that decides what use cases do; unknown or wrong values keep the default."""

    double_texting: DoubleTexting = DoubleTexting.MERGE
    handoff_timeout: HandoffTimeout = HandoffTimeout.RESUME
    handoff_timeout_s: float = 300.0
    handoff_timeout_text: str = "Nobody could take over yet. Write on, and we will answer as soon as we can."
    reopen_within: timedelta = timedelta(hours=24)
    ask_csat: bool = True

    @classmethod
    def of(cls, settings: Mapping[str, Any]) -> Self:
        """Read the rules from a shop's settings."""
        default = cls()
        timeout_s = settings.get("handoff_timeout_s")
        reopen_h = settings.get("reopen_within_h")
        text = settings.get("handoff_timeout_text")
        ask_csat = settings.get("ask_csat")
        return cls(
            double_texting=_choice(DoubleTexting, settings.get("double_texting"), default.double_texting),
            handoff_timeout=_choice(HandoffTimeout, settings.get("handoff_timeout"), default.handoff_timeout),
            handoff_timeout_s=float(timeout_s) if isinstance(timeout_s, int | float) else default.handoff_timeout_s,
            handoff_timeout_text=text if isinstance(text, str) and text.strip() else default.handoff_timeout_text,
            reopen_within=timedelta(hours=reopen_h) if isinstance(reopen_h, int | float) else default.reopen_within,
            ask_csat=ask_csat if isinstance(ask_csat, bool) else default.ask_csat,
        )


def _choice(kind: type[Choice], value: object, default: Choice) -> Choice:
    return kind(value) if isinstance(value, str) and value in {one.value for one in kind} else default
