"""The conversation: who may speak, whether it is open, and when a reply of the bot is due. Pure rules."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any
from uuid import UUID

from app.domain.message import Score
from app.domain.people import Staff
from realtime.ports import CommandError


class Controller(StrEnum):
    """Who may speak for the shop."""

    BOT = "bot"
    AGENT = "agent"
    QUEUE = "queue"  # a person shall, and nobody has taken it yet


class Status(StrEnum):
    """Whether the conversation goes on."""

    OPEN = "open"
    CLOSED = "closed"


class HeldError(Exception):
    """Another agent has control; `holder` is their id."""

    def __init__(self, holder: UUID) -> None:
        super().__init__(f"user {holder} has control")
        self.holder = holder


@dataclass(frozen=True, slots=True)
class Control:
    """Who may speak. `epoch` grows with every change; `holder` is set exactly when an agent has control."""

    status: Status = Status.OPEN
    controller: Controller = Controller.BOT
    holder: UUID | None = None
    epoch: int = 1

    def _next(self, controller: Controller, holder: UUID | None = None, *, status: Status | None = None) -> Control:
        return Control(status or self.status, controller, holder, self.epoch + 1)

    def check_open(self) -> None:
        """Raises: CommandError `closed`."""
        if self.status is Status.CLOSED:
            raise CommandError("closed", "the conversation is closed")

    def take(self, user: UUID) -> Control:
        """Return the control once `user` has it; itself when they do already.

        Raises: CommandError `closed`; HeldError.
        """
        self.check_open()
        if self.controller is Controller.AGENT and self.holder is not None:
            if self.holder == user:
                return self
            raise HeldError(self.holder)
        return self._next(Controller.AGENT, user)

    def release(self, staff: Staff, to: Controller) -> Control:
        """Return the control once it is the bot's or the queue's; itself when it is already.

        Raises: CommandError `closed`; HeldError when another agent has it and `staff` may not overrule.
        """
        self.check_open()
        if self.controller is to:
            return self
        if self.holder is not None and self.holder != staff.id and not staff.role.may_overrule:
            raise HeldError(self.holder)
        return self._next(to)

    def hand_off(self) -> Control:
        """Return the control once a person is asked for; itself when one is asked for or here already.

        Raises: CommandError `closed`.
        """
        self.check_open()
        return self._next(Controller.QUEUE) if self.controller is Controller.BOT else self

    def resume_bot(self) -> Control:
        """Return the control of an unanswered hand-off once the bot goes on; itself when it is not in the queue."""
        if self.status is Status.CLOSED or self.controller is not Controller.QUEUE:
            return self
        return self._next(Controller.BOT)

    def close(self) -> Control:
        """Return the control of the closed conversation; itself when it is closed."""
        if self.status is Status.CLOSED:
            return self
        return self._next(Controller.BOT, status=Status.CLOSED)

    def reopen(self, user: UUID | None = None) -> Control:
        """Return the control once it is open again, held by `user` or, without one, by the bot; itself when open."""
        if self.status is Status.OPEN:
            return self
        if user is None:
            return self._next(Controller.BOT, status=Status.OPEN)
        return self._next(Controller.AGENT, user, status=Status.OPEN)


@dataclass(slots=True)
class Conversation:
    """The record under its lock. `*_seq` are positions in its log, 0 for none; see the table for their meaning."""

    id: UUID
    shop: UUID
    customer: UUID
    identity: UUID
    channel: str
    created_at: datetime
    last_activity_at: datetime
    control: Control = field(default_factory=Control)
    assignee: UUID | None = None
    control_seq: int = 0
    cut: dict[str, Any] | None = None
    status_seq: int = 0
    last_seq: int = 0
    customer_seq: int = 0
    question: UUID | None = None
    agent_seq: int = 0
    covered_seq: int = 0
    last_message: UUID | None = None
    receipts: list[dict[str, Any]] = field(default_factory=list)
    staff_read_seq: int = 0
    priority: str = "normal"
    labels: list[str] = field(default_factory=list)
    snooze_until: datetime | None = None
    draft: str | None = None
    intent: Score | None = None
    sentiment: Score | None = None
    page: dict[str, Any] | None = None
    handoff_reason: str | None = None
    bot_notice: dict[str, Any] | None = None
    csat: dict[str, Any] | None = None
    waiting_since: datetime | None = None
    closed_at: datetime | None = None
    is_blocked: bool = False  # the shop takes nothing from its customer any more

    @property
    def awaits_reply(self) -> bool:
        """Whether the bot owes an answer: it may speak, and the customer's last message is neither covered by an
        ended reply nor followed by an agent's."""
        return (
            self.control.status is Status.OPEN
            and self.control.controller is Controller.BOT
            and self.question is not None
            and self.customer_seq > max(self.covered_seq, self.agent_seq)
        )

    def note_control(self, control: Control, now: datetime) -> None:
        """Take over a new control, and keep the waiting time in step with it."""
        if control.status is Status.CLOSED and self.control.status is Status.OPEN:
            self.closed_at = now
        if control.status is Status.OPEN:
            self.closed_at = None
        if control.controller is Controller.QUEUE:
            self.waiting_since = self.waiting_since or now
        elif control.controller is Controller.BOT:
            self.waiting_since = None
        if control.controller is not Controller.QUEUE:
            self.handoff_reason = None
        self.control = control

    def note_customer_message(self, message: UUID, seq: int, now: datetime) -> None:
        """Count a message of the customer."""
        self.customer_seq, self.question = seq, message
        self.note_message(message, now)
        if self.control.controller is not Controller.BOT:
            self.waiting_since = self.waiting_since or now

    def note_agent_message(self, message: UUID, seq: int, now: datetime) -> None:
        """Count a message of an agent: nobody waits any more."""
        self.agent_seq = seq
        self.waiting_since = None
        self.note_message(message, now)

    def note_message(self, message: UUID, now: datetime) -> None:
        """Count a message of anybody."""
        self.last_message = message
        self.last_activity_at = max(self.last_activity_at, now)

    def may_reopen(self, now: datetime, within: timedelta) -> bool:
        """Whether an inbound message reopens this closed conversation rather than starting a new one."""
        return self.closed_at is not None and now - self.closed_at <= within
