"""Who waits, who is encoded and who decodes. Pure: time is an argument, and nothing here touches tensors."""

from __future__ import annotations

import heapq
from collections import deque
from dataclasses import dataclass

from nlp.engine.request import EngineOverloadedError, FinishReason
from nlp.engine.sequence import Sequence, State

FIRST_GUESS = 1.0  # seconds one reply takes, before any has been seen


@dataclass(slots=True)
class _Tenant:
    waiting: deque[Sequence]
    active: int = 0  # slots held
    turn: int = 0  # when it last got a slot; the smaller waits the longer


class Scheduler:
    """Slots and the waiting queue.

    A free slot goes to the tenant that holds the fewest, and among equals to the one that waited longest for a turn;
    within a tenant the order is that of arrival. So a busy shop never keeps a quiet one waiting for its whole queue.
    """

    def __init__(self, slots: int, max_waiting: int, encode_tokens: int) -> None:
        self._free = list(range(slots))
        self._slots = slots
        self._max_waiting = max_waiting
        self._encode_tokens = encode_tokens
        self._tenants: dict[str, _Tenant] = {}
        self._sequences: dict[str, Sequence] = {}
        self._turn = 0
        self._duration = FIRST_GUESS

    def __len__(self) -> int:
        return len(self._sequences)

    @property
    def waiting(self) -> int:
        """The number of sequences without a slot."""
        return sum(len(tenant.waiting) for tenant in self._tenants.values())

    @property
    def free_slots(self) -> int:
        """The number of replies that would be admitted at once."""
        return max(0, len(self._free) - self.waiting)

    def submit(self, sequence: Sequence) -> None:
        """Queue a sequence. Raises EngineOverloadedError when the queue is full, ValueError for an id in use."""
        if sequence.request.id in self._sequences:
            raise ValueError(f"a request with id {sequence.request.id!r} is already here")
        if self.waiting >= self._max_waiting + len(self._free):
            raise EngineOverloadedError(self._retry_after_ms())
        tenant = self._tenants.setdefault(sequence.request.tenant, _Tenant(deque()))
        tenant.waiting.append(sequence)
        self._sequences[sequence.request.id] = sequence

    def admit(self) -> list[Sequence]:
        """Give free slots to waiting sequences; the caller encodes them together and then calls `encoded`.

        At least one is taken when a slot is free, more while their prompts fit one encoder pass.
        """
        admitted: list[Sequence] = []
        tokens = 0
        while self._free and (tenant := self._next_tenant()) is not None:
            tokens += len(tenant.waiting[0].prompt)
            if admitted and tokens > self._encode_tokens:
                break
            sequence = tenant.waiting.popleft()
            sequence.state = State.ENCODING
            sequence.slot = heapq.heappop(self._free)
            self._turn += 1
            tenant.turn = self._turn
            tenant.active += 1
            admitted.append(sequence)
        return admitted

    def encoded(self, sequences: list[Sequence]) -> None:
        """Let encoded sequences decode; those that ended meanwhile are left out."""
        for sequence in sequences:
            if sequence.state is State.ENCODING:
                sequence.state = State.RUNNING

    def running(self) -> list[Sequence]:
        """Return the sequences that decode, in the order of their slots."""
        found = [sequence for sequence in self._sequences.values() if sequence.state is State.RUNNING]
        return sorted(found, key=lambda sequence: sequence.slot)

    def find(self, request_id: str) -> Sequence | None:
        """Return a sequence that has not ended, or None."""
        return self._sequences.get(request_id)

    def all(self) -> list[Sequence]:
        """Return every sequence that has not ended."""
        return list(self._sequences.values())

    def overdue(self, now: float) -> list[Sequence]:
        """Return the sequences past their deadline; the caller ends them."""
        return [s for s in self._sequences.values() if s.deadline is not None and now >= s.deadline]

    def end(self, sequence: Sequence, reason: FinishReason, now: float) -> None:
        """Take a sequence out and free its slot. A second call does nothing."""
        if sequence.state is State.ENDED:
            return
        tenant = self._tenants[sequence.request.tenant]
        if sequence.state is State.WAITING:
            tenant.waiting.remove(sequence)
        else:
            heapq.heappush(self._free, sequence.slot)
            tenant.active -= 1
        if reason in (FinishReason.STOP, FinishReason.LENGTH):
            self._duration += 0.2 * (now - sequence.arrived - self._duration)
        sequence.state = State.ENDED
        sequence.reason = reason
        del self._sequences[sequence.request.id]
        if not tenant.waiting and not tenant.active:
            del self._tenants[sequence.request.tenant]

    def _next_tenant(self) -> _Tenant | None:
        waiting = [tenant for tenant in self._tenants.values() if tenant.waiting]
        return min(waiting, key=lambda tenant: (tenant.active, tenant.turn), default=None)

    def _retry_after_ms(self) -> int:
        """Guess when a place in the queue is free: one slot's share of a reply's usual time."""
        return max(50, round(1000 * self._duration / self._slots))
