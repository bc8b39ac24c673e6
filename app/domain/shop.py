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
    disclosure: Mapping[str, bool] | bool = True  # of the bot, on external channels; by channel where they differ
    disclosure_text: str = "This is an automatic assistant. Ask for a person at any time."
    disclosure_gap: timedelta = timedelta(hours=24)
    merge_by_email: bool = False  # the shop's logins prove e-mail addresses: records that share one are one person

    def discloses(self, channel: str) -> bool:
        """Whether customers of a channel are told that a machine answers."""
        return self.disclosure if isinstance(self.disclosure, bool) else self.disclosure.get(channel, True)

    @classmethod
    def of(cls, settings: Mapping[str, Any]) -> Self:
        """Read the rules from a shop's settings."""
        default = cls()
        timeout_s = settings.get("handoff_timeout_s")
        reopen_h = settings.get("reopen_within_h")
        text = settings.get("handoff_timeout_text")
        ask_csat = settings.get("ask_csat")
        disclosure_text = settings.get("disclosure_text")
        gap_h = settings.get("disclosure_gap_h")
        by_email = settings.get("merge_by_email")
        return cls(
            double_texting=_choice(DoubleTexting, settings.get("double_texting"), default.double_texting),
            handoff_timeout=_choice(HandoffTimeout, settings.get("handoff_timeout"), default.handoff_timeout),
            handoff_timeout_s=float(timeout_s) if isinstance(timeout_s, int | float) else default.handoff_timeout_s,
            handoff_timeout_text=_visible(text, default.handoff_timeout_text),
            reopen_within=timedelta(hours=reopen_h) if isinstance(reopen_h, int | float) else default.reopen_within,
            disclosure=_disclosure(settings.get("disclosure")),
            disclosure_text=_visible(disclosure_text, default.disclosure_text),
            disclosure_gap=timedelta(hours=gap_h) if isinstance(gap_h, int | float) else default.disclosure_gap,
            ask_csat=ask_csat if isinstance(ask_csat, bool) else default.ask_csat,
            merge_by_email=by_email is True,
        )


def _visible(text: object, default: str) -> str:
    return text if isinstance(text, str) and text.strip() else default


def _disclosure(value: object) -> Mapping[str, bool] | bool:
    if isinstance(value, Mapping):
        return {str(channel): wanted for channel, wanted in value.items() if isinstance(wanted, bool)}
    return value if isinstance(value, bool) else True


def _choice(kind: type[Choice], value: object, default: Choice) -> Choice:
    return kind(value) if isinstance(value, str) and value in {one.value for one in kind} else default
