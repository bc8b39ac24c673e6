"""Telling customers of a channel that a machine answers: at the start, after a long pause, after a person spoke."""

from __future__ import annotations

from datetime import datetime, timedelta

from app.domain.message import SenderKind
from app.services.change import Change


async def disclose(change: Change) -> None:
    """Say it, when it is due, before the bot speaks; the widget shows it all the time and needs no words."""
    conversation = change.conversation
    if change.outbox.limits(conversation.channel) is None:
        return
    rules = await change.rules()
    told = conversation.bot_notice
    if rules.discloses(conversation.channel) and _is_due(
        told, conversation.agent_seq, change.now, rules.disclosure_gap
    ):
        notice = await change.say(SenderKind.SYSTEM, rules.disclosure_text)
        told = {"seq": notice.seq}
    conversation.bot_notice = {**(told or {}), "at": change.now.isoformat()}


def _is_due(told: dict[str, object] | None, agent_seq: int, now: datetime, gap: timedelta) -> bool:
    """Whether the customer has not been told yet, or not since a person spoke, or the bot was silent for long."""
    if told is None or not isinstance(seq := told.get("seq"), int):
        return True
    spoke_at = datetime.fromisoformat(str(told["at"]))
    return agent_seq > seq or now - spoke_at >= gap
