"""The rules of control, as a state machine and case by case."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from app.domain.conversation import Control, Controller, Conversation, HeldError, Status
from app.domain.people import Role, Staff
from realtime.ports import CommandError

SHOP = uuid4()
AGENTS = [Staff(uuid4(), SHOP, name, Role.AGENT) for name in ("Ada", "Ben")]
BOSS = Staff(uuid4(), SHOP, "Olive", Role.OWNER)
NOW = datetime(2026, 1, 5, 9, tzinfo=UTC)
people = st.sampled_from([*AGENTS, BOSS])


def conversation(control: Control | None = None) -> Conversation:
    return Conversation(uuid4(), SHOP, uuid4(), uuid4(), "web", NOW, NOW, control or Control())


class ControlMachine(RuleBasedStateMachine):
    """Every command in any order, from any of the people."""

    def __init__(self) -> None:
        super().__init__()
        self.record = conversation()
        self.epochs = [1]
        self.now = NOW

    def become(self, control: Control) -> None:
        """Take over the new control; an unchanged one is the very same object."""
        self.now += timedelta(minutes=1)
        if control is not self.record.control:
            assert control.epoch == self.record.control.epoch + 1
            self.record.note_control(control, self.now)
            self.epochs.append(control.epoch)

    @rule(staff=people)
    def take(self, staff: Staff) -> None:
        control = self.record.control
        if control.status is Status.CLOSED:
            with pytest.raises(CommandError):
                control.take(staff.id)
        elif control.holder not in (None, staff.id):
            with pytest.raises(HeldError):
                control.take(staff.id)
        else:
            self.become(control.take(staff.id))
            assert self.record.control.holder == staff.id

    @rule(staff=people, to=st.sampled_from([Controller.BOT, Controller.QUEUE]))
    def release(self, staff: Staff, to: Controller) -> None:
        control = self.record.control
        if control.status is Status.CLOSED:
            with pytest.raises(CommandError):
                control.release(staff, to)
        elif control.holder not in (None, staff.id) and staff is not BOSS:
            with pytest.raises(HeldError):
                control.release(staff, to)
        else:
            self.become(control.release(staff, to))
            assert self.record.control.controller is to

    @rule()
    def hand_off(self) -> None:
        control = self.record.control
        if control.status is Status.CLOSED:
            with pytest.raises(CommandError):
                control.hand_off()
            return
        self.become(control.hand_off())
        assert self.record.control.controller is not Controller.BOT

    @rule()
    def resume(self) -> None:
        was = self.record.control
        self.become(was.resume_bot())
        if was.controller is not Controller.QUEUE:
            assert self.record.control is was

    @rule()
    def close(self) -> None:
        self.become(self.record.control.close())
        assert self.record.control.status is Status.CLOSED

    @rule(staff=st.none() | people)
    def reopen(self, staff: Staff | None) -> None:
        was = self.record.control
        self.become(was.reopen(None if staff is None else staff.id))
        assert self.record.control.status is Status.OPEN
        if was.status is Status.OPEN:
            assert self.record.control is was

    @invariant()
    def an_agent_is_named_exactly_when_one_has_control(self) -> None:
        control = self.record.control
        assert (control.holder is not None) == (control.controller is Controller.AGENT)

    @invariant()
    def a_closed_conversation_is_nobodys_and_dated(self) -> None:
        control = self.record.control
        if control.status is Status.CLOSED:
            assert control.controller is Controller.BOT
        assert (self.record.closed_at is not None) == (control.status is Status.CLOSED)

    @invariant()
    def epochs_only_grow(self) -> None:
        assert self.epochs == list(range(1, self.record.control.epoch + 1))

    @invariant()
    def somebody_waits_in_the_queue_and_nobody_for_the_bot(self) -> None:
        match self.record.control.controller:
            case Controller.QUEUE:
                assert self.record.waiting_since is not None
            case Controller.BOT:
                assert self.record.waiting_since is None


TestControlMachine = ControlMachine.TestCase


def test_the_holder_is_named_to_whom_is_refused() -> None:
    held = Control().take(AGENTS[0].id)
    with pytest.raises(HeldError) as refused:
        held.take(AGENTS[1].id)
    assert refused.value.holder == AGENTS[0].id


@pytest.mark.parametrize(
    ("customer", "covered", "agent", "is_due"),
    [(0, 0, 0, False), (3, 0, 0, True), (3, 3, 0, False), (3, 0, 4, False), (5, 3, 4, True)],
)
def test_a_reply_is_due_for_what_nothing_covers(customer: int, covered: int, agent: int, is_due: bool) -> None:
    record = conversation()
    record.customer_seq, record.covered_seq, record.agent_seq = customer, covered, agent
    record.question = UUID(int=customer) if customer else None
    assert record.awaits_reply is is_due
    for control in (Control().hand_off(), Control().take(BOSS.id), Control().close()):
        record.control = control
        assert not record.awaits_reply


def test_an_agents_message_ends_the_wait_and_the_customers_next_begins_it_anew() -> None:
    record = conversation()
    record.note_control(Control().hand_off(), NOW)
    record.note_control(record.control.take(BOSS.id), NOW)
    waits = [record.waiting_since]
    record.note_agent_message(uuid4(), 1, NOW)
    waits.append(record.waiting_since)
    later = NOW + timedelta(minutes=3)
    record.note_customer_message(uuid4(), 2, later)
    record.note_customer_message(uuid4(), 3, later + timedelta(minutes=1))
    waits.append(record.waiting_since)
    assert waits == [NOW, None, later]


def test_activity_never_goes_back_when_clocks_differ() -> None:
    record = conversation()
    record.note_message(uuid4(), NOW + timedelta(seconds=5))
    record.note_message(uuid4(), NOW)
    assert record.last_activity_at == NOW + timedelta(seconds=5)


def test_a_closed_conversation_may_be_reopened_for_a_while() -> None:
    record = conversation()
    day = timedelta(hours=24)
    assert not record.may_reopen(NOW, day)
    record.note_control(record.control.close(), NOW)
    assert record.may_reopen(NOW + day, day)
    assert not record.may_reopen(NOW + day + timedelta(seconds=1), day)
