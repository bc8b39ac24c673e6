"""The scheduler's rules, alone and under random use."""

from __future__ import annotations

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from nlp.engine.detokenize import Detokenizer
from nlp.engine.request import EngineOverloadedError, FinishReason, GenerationRequest
from nlp.engine.scheduler import Scheduler
from nlp.engine.sequence import Sequence, State
from nlp.engine.vocabulary import Vocabulary
from tests.fixtures.effort import EFFORT

VOCABULARY = Vocabulary({0: "<pad>", 1: "</s>", 2: "▁a"}, {0, 1}, 3, 1)
SLOTS, MAX_WAITING, ENCODE_TOKENS = 3, 5, 20


def make(name: str, tenant: str = "", prompt: int = 4, now: float = 0.0, deadline_s: float | None = None) -> Sequence:
    request = GenerationRequest(id=name, prompt="", tenant=tenant, deadline_s=deadline_s)
    return Sequence(request, [2] * prompt, 0, 1, Detokenizer(VOCABULARY, {}, ()), None, now)


def make_scheduler() -> Scheduler:
    return Scheduler(SLOTS, MAX_WAITING, ENCODE_TOKENS)


def names(sequences: list[Sequence]) -> list[str]:
    return [sequence.request.id for sequence in sequences]


def test_a_quiet_shop_goes_before_the_queue_of_a_busy_one() -> None:
    scheduler = make_scheduler()
    busy = [make(f"busy{i}", "busy") for i in range(7)]
    for sequence in busy:
        scheduler.submit(sequence)
    assert names(scheduler.admit()) == ["busy0", "busy1", "busy2"]
    scheduler.submit(make("quiet", "quiet"))
    scheduler.end(busy[0], FinishReason.STOP, 1.0)
    assert names(scheduler.admit()) == ["quiet"]


def test_shops_take_turns() -> None:
    scheduler = Scheduler(1, 10, ENCODE_TOKENS)
    for i in range(2):
        for tenant in "abc":
            scheduler.submit(make(f"{tenant}{i}", tenant))
    order = []
    while scheduler.waiting:
        (sequence,) = scheduler.admit()
        order.append(sequence.request.id)
        scheduler.end(sequence, FinishReason.STOP, 1.0)
    assert order == ["a0", "b0", "c0", "a1", "b1", "c1"]


def test_an_encoder_pass_takes_what_fits_but_never_nothing() -> None:
    scheduler = make_scheduler()
    for name, prompt in (("huge", 50), ("half", 10), ("small", 8)):
        scheduler.submit(make(name, prompt=prompt))
    assert names(scheduler.admit()) == ["huge"]
    assert names(scheduler.admit()) == ["half", "small"]


def test_the_queue_is_bounded_beyond_the_free_slots() -> None:
    scheduler = make_scheduler()
    for i in range(SLOTS + MAX_WAITING):
        scheduler.submit(make(str(i)))
    with pytest.raises(EngineOverloadedError) as refusal:
        scheduler.submit(make("late"))
    assert refusal.value.retry_after_ms >= 50


def test_the_wait_it_tells_follows_how_long_replies_take() -> None:
    def told(seconds: float) -> int:
        scheduler = Scheduler(1, 0, ENCODE_TOKENS)
        for i in range(20):
            scheduler.submit(make(str(i)))
            scheduler.end(scheduler.admit()[0], FinishReason.STOP, seconds)
        scheduler.submit(make("holds the slot"))
        scheduler.admit()
        with pytest.raises(EngineOverloadedError) as refusal:
            scheduler.submit(make("late"))
        return refusal.value.retry_after_ms

    assert told(0.1) < told(3.0) < told(30.0)


def test_overdue_counts_from_arrival() -> None:
    scheduler = make_scheduler()
    scheduler.submit(make("a", now=10.0, deadline_s=5.0))
    scheduler.submit(make("b", now=10.0))
    assert scheduler.overdue(14.9) == []
    assert names(scheduler.overdue(15.0)) == ["a"]


class SchedulerMachine(RuleBasedStateMachine):
    """Any order of arrivals, steps, ends and cancels keeps slots, queue and turns right."""

    def __init__(self) -> None:
        super().__init__()
        self.scheduler = make_scheduler()
        self.now = 0.0
        self.count = 0
        self.live: list[Sequence] = []
        self.encoding: list[Sequence] = []

    @rule(tenant=st.sampled_from("abc"), prompt=st.integers(1, 30), deadline=st.none() | st.integers(1, 9))
    def submit(self, tenant: str, prompt: int, deadline: int | None) -> None:
        self.count += 1
        sequence = make(str(self.count), tenant, prompt, self.now, deadline)
        waiting = sum(s.state is State.WAITING for s in self.live)
        room = SLOTS - (len(self.live) - waiting) + MAX_WAITING
        if waiting < room:
            self.scheduler.submit(sequence)
            self.live.append(sequence)
        else:
            with pytest.raises(EngineOverloadedError):
                self.scheduler.submit(sequence)

    @precondition(lambda self: not self.encoding)
    @rule()
    def admit(self) -> None:
        waiting = [s for s in self.live if s.state is State.WAITING]
        held = {s.request.tenant: 0 for s in waiting}
        for sequence in self.live:
            if sequence not in waiting and sequence.request.tenant in held:
                held[sequence.request.tenant] += 1
        free = SLOTS - (len(self.live) - len(waiting))
        self.encoding = self.scheduler.admit()
        assert bool(self.encoding) == bool(free and waiting)
        for sequence in self.encoding:
            tenant = sequence.request.tenant
            assert sequence is next(s for s in waiting if s.request.tenant == tenant), "first come, first served"
            assert held[tenant] == min(held[s.request.tenant] for s in waiting), "the one that holds the fewest"
            waiting.remove(sequence)
            held[tenant] += 1
        assert len(self.encoding) <= 1 or sum(len(s.prompt) for s in self.encoding) <= ENCODE_TOKENS

    @precondition(lambda self: self.encoding)
    @rule()
    def encoded(self) -> None:
        self.scheduler.encoded(self.encoding)
        self.encoding = []

    @precondition(lambda self: self.live)
    @rule(data=st.data(), reason=st.sampled_from(FinishReason))
    def end(self, data: st.DataObject, reason: FinishReason) -> None:
        sequence = data.draw(st.sampled_from(self.live))
        self.scheduler.end(sequence, reason, self.now)
        self.scheduler.end(sequence, reason, self.now)
        self.live.remove(sequence)
        assert sequence.state is State.ENDED
        assert self.scheduler.find(sequence.request.id) is None

    @rule(seconds=st.floats(0, 5))
    def pass_time(self, seconds: float) -> None:
        self.now += seconds
        overdue = [s for s in self.live if s.deadline is not None and self.now >= s.deadline]
        assert self.scheduler.overdue(self.now) == overdue

    @invariant()
    def slots_belong_to_one_each(self) -> None:
        held = [s.slot for s in self.live if s.state in (State.ENCODING, State.RUNNING)]
        assert len(set(held)) == len(held) <= SLOTS
        assert set(held) <= set(range(SLOTS))
        waiting = sum(s.state is State.WAITING for s in self.live)
        assert self.scheduler.waiting == waiting
        assert self.scheduler.free_slots == max(0, SLOTS - len(held) - waiting)
        assert len(self.scheduler) == len(self.live)

    @invariant()
    def only_encoded_sequences_run(self) -> None:
        running = self.scheduler.running()
        assert running == sorted((s for s in self.live if s.state is State.RUNNING), key=lambda s: s.slot)
        assert not set(running) & set(self.encoding)


TestScheduler = SchedulerMachine.TestCase
# 2,000 random steps, or 100,000.
TestScheduler.settings = settings(max_examples=40 if EFFORT == 1 else 2000, stateful_step_count=50)
