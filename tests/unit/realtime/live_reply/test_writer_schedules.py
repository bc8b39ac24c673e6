"""Random schedules of everything that can go wrong while replies are written, against a model database and client.

What a client holds after applying the deltas by its rule is the final text, or the cut text, to the character.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar
from uuid import UUID

import msgspec
import pytest

from realtime.bus.frame import Frame, Kind
from realtime.bus.memory import MemoryBus
from realtime.bus.topic import conversation_topic
from realtime.live_reply.memory import MemoryLiveReply
from realtime.live_reply.port import Asked, Begun, CutText, FencedError, LiveReplyUnavailableError
from realtime.live_reply.writer import ReplyEnded, ReplyWriter, StoreIsAhead
from tests.fixtures.effort import EFFORT

T = TypeVar("T")

CONVERSATION, MESSAGE = UUID(int=1), UUID(int=2)
TOKENS = [(piece, number) for number, piece in enumerate(("Grüße ", "", "🙂", "an ", "", "alle", ", ", "é", "!") * 4)]
WHOLE = "".join(piece for piece, _ in TOKENS)
SEEDS = 150 * EFFORT


class FaultyLiveReply:
    """A store reached over a bad network: calls are late, fail, or are carried out and their answers lost."""

    def __init__(self, store: MemoryLiveReply, source: random.Random) -> None:
        self._store = store
        self._source = source

    async def _call(self, step: Callable[[], Awaitable[T]]) -> T:
        for _ in range(self._source.randrange(4)):
            await asyncio.sleep(0)
        fate = self._source.random()
        if fate < 0.1:
            raise LiveReplyUnavailableError("not carried out")
        result = await step()
        if fate < 0.2:
            raise LiveReplyUnavailableError("answer lost")
        return result

    async def begin(
        self, conversation: UUID, message: UUID, epoch: int, attempt: int, *, text: str = "", ids: Sequence[int] = ()
    ) -> Begun:
        return await self._call(lambda: self._store.begin(conversation, message, epoch, attempt, text=text, ids=ids))

    async def append(
        self, conversation: UUID, message: UUID, epoch: int, attempt: int, *, start: int, text: str, ids: Sequence[int]
    ) -> int:
        return await self._call(
            lambda: self._store.append(conversation, message, epoch, attempt, start=start, text=text, ids=ids)
        )

    async def cut(self, conversation: UUID, epoch: int, cut_id: UUID, *, message: UUID | None = None) -> CutText | None:
        return await self._call(lambda: self._store.cut(conversation, epoch, cut_id, message=message))

    async def ask(self, conversation: UUID, message: UUID, frame: Frame | None) -> Asked:
        return await self._call(lambda: self._store.ask(conversation, message, frame))

    async def uncut(self, conversation: UUID, cut_id: UUID) -> bool:
        return await self._call(lambda: self._store.uncut(conversation, cut_id))

    async def finish(self, conversation: UUID, message: UUID, epoch: int, attempt: int) -> None:
        await self._call(lambda: self._store.finish(conversation, message, epoch, attempt))

    async def read(self, conversation: UUID, start: int = 0) -> Any:
        return await self._call(lambda: self._store.read(conversation, start))

    async def aclose(self) -> None:
        await self._store.aclose()


@dataclass
class Database:
    """The truth: the reply row under its lock."""

    epoch: int = 1
    attempt: int = 1
    status: str = "running"
    text: str = ""  # final or cut
    checkpoint: tuple[str, tuple[int, ...]] = ("", ())
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def runs(self, attempt: int) -> bool:
        async with self.lock:
            return self.status == "running" and self.attempt == attempt


class Client:
    """Applies frames by the rule of the protocol; resumes by reading the store when a delta does not join on."""

    def __init__(self, store: MemoryLiveReply) -> None:
        self._store = store
        self.data = b""
        self.epoch = 1
        self.late: list[Frame] = []

    def take(self, topic: str, frame: Frame) -> None:
        if frame.kind is not Kind.DELTA:
            return
        if frame.epoch < self.epoch:
            self.late.append(frame)
        elif frame.start == len(self.data):
            self.data += msgspec.json.decode(frame.body)["text"].encode()
        elif frame.end > len(self.data):
            live = at_once(self._store.read(CONVERSATION, len(self.data)))
            assert live is not None
            self.data = self.data[: live.start] + live.text.encode()
        assert WHOLE.encode().startswith(self.data)


def at_once(step: Coroutine[Any, Any, T]) -> T:
    """Run a step of the memory store, which never suspends."""
    try:
        step.send(None)
    except StopIteration as stop:
        result: T = stop.value
        return result
    raise AssertionError("the memory store suspended")


class World:
    """One conversation, its workers, an agent, and a store that forgets."""

    def __init__(self, seed: int, *, forgets: bool) -> None:
        self.source = random.Random(seed)
        self.forgets = forgets
        self.bus = MemoryBus()
        self.store = MemoryLiveReply(self.bus)
        self.live = FaultyLiveReply(self.store, self.source)
        self.client = Client(self.store)
        self.database = Database()
        self.is_valid = True
        self.workers: list[asyncio.Task[None]] = []
        self.went_on = 0  # how often a worker found the store ahead of it

    async def run(self) -> None:
        await self.bus.subscribe(conversation_topic(CONVERSATION), self.client.take)
        self.workers.append(asyncio.create_task(self.work(1)))
        for _ in range(self.source.randrange(8)):
            for _ in range(self.source.randrange(60)):
                await asyncio.sleep(0)
            await self.source.choice([self.forget, self.take_over, self.claim_again, self.lose_validity])()
        self.is_valid = True
        await asyncio.gather(*self.workers)

    async def forget(self) -> None:
        if self.forgets:
            self.store.clear()

    async def lose_validity(self) -> None:
        self.is_valid = not self.is_valid

    async def claim_again(self) -> None:
        """The lease ran out: another worker claims the job, while the first may still be at work."""
        async with self.database.lock:
            if self.database.status != "running":
                return
            self.database.attempt += 1
        self.workers.append(asyncio.create_task(self.work(self.database.attempt)))

    async def take_over(self) -> None:
        """Cut, commit or roll back, cut again; a rollback may lose its uncut."""
        cut_id = UUID(int=self.source.getrandbits(128))
        async with self.database.lock:
            if self.database.status != "running":
                return
            cut = await self.insist(lambda: self.live.cut(CONVERSATION, 2, cut_id))
            rolls_back = self.source.random() < 0.5
            if not rolls_back:
                known = cut.text if cut is not None else ""
                self.database.text = max(known, self.client.data.decode(), key=len)
                self.database.status, self.database.epoch = "taken_over", 2
                self.client.epoch = 2  # control.changed
                self.client.data = self.database.text.encode()
        if not rolls_back:
            await self.insist(lambda: self.live.cut(CONVERSATION, 2, cut_id))
        elif self.source.random() < 0.5:
            await self.insist(lambda: self.live.uncut(CONVERSATION, cut_id))

    async def insist(self, step: Callable[[], Awaitable[T]]) -> T:
        while True:
            try:
                return await step()
            except LiveReplyUnavailableError:
                continue

    async def begin(self, attempt: int) -> Begun | None:
        """Begin as a worker does: with the checkpoint alone while the store is away."""
        text, ids = self.database.checkpoint
        while await self.database.runs(attempt):
            try:
                return await self.live.begin(CONVERSATION, MESSAGE, 1, attempt, text=text, ids=ids)
            except LiveReplyUnavailableError:
                return Begun(text, ids, len(text.encode()))
            except FencedError as error:
                cut_id = error.cut_id
                if cut_id is not None and await self.database.runs(attempt):
                    await self.insist(lambda cut_id=cut_id: self.live.uncut(CONVERSATION, cut_id))  # type: ignore[misc]
        return None

    async def work(self, attempt: int) -> None:
        begun = await self.begin(attempt)
        while begun is not None:
            begun = await self.speak(begun, attempt)

    async def speak(self, begun: Begun, attempt: int) -> Begun | None:
        """Say the rest; return from where to go on when a superseded worker had brought more to the store."""
        writer = ReplyWriter(
            self.live,
            CONVERSATION,
            MESSAGE,
            1,
            attempt,
            begun,
            coalesce_ms=self.source.choice([0, 0.2]),
            revalidate=lambda: self.database.runs(attempt),
            fenced=lambda cut_id: self.database.runs(attempt),
            valid=lambda: self.is_valid,
            backoff_s=(0.0001, 0.0005),
        )
        try:
            await self.generate(writer, attempt)
        except ReplyEnded:
            assert not await self.database.runs(attempt)
        except StoreIsAhead as error:
            self.went_on += 1
            return error.begun
        finally:
            await writer.aclose()
        return None

    async def generate(self, writer: ReplyWriter, attempt: int) -> None:
        for piece, token in TOKENS[len(writer.ids) :]:
            await writer.write(piece, [token])
            for _ in range(self.source.randrange(6)):
                await asyncio.sleep(0)
            if self.source.random() < 0.2 and await self.database.runs(attempt):
                self.database.checkpoint = writer.confirmed
        await writer.finish()
        async with self.database.lock:
            if self.database.status == "running" and self.database.attempt == attempt:
                self.database.status, self.database.text = "done", writer.text


@pytest.mark.parametrize("forgets", [False, True], ids=["store remembers", "store forgets"])
async def test_a_client_holds_the_final_or_the_cut_text_to_the_character(forgets: bool) -> None:
    ends = {"done": 0, "taken_over": 0}
    went_on = 0
    for seed in range(SEEDS):
        world = World(seed, forgets=forgets)
        async with asyncio.timeout(20):
            await world.run()
        ends[world.database.status] += 1
        went_on += world.went_on
        if world.database.status == "done":
            assert world.database.text == WHOLE, f"seed {seed}"
        assert world.client.data.decode() == world.database.text, f"seed {seed}"
        if not forgets:  # a fence that was lost leaves it to the epoch to keep late frames out
            assert world.client.late == [], f"seed {seed}"
    assert min(ends.values()) > SEEDS / 10
    assert went_on > 0
