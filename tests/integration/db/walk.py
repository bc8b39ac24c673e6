"""A random walk through the use cases, and what must hold after every step."""

from __future__ import annotations

import random
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from uuid import UUID, uuid4

from app.db import models
from app.domain.conversation import Controller
from app.domain.job import Lane
from app.domain.message import FinishReason, Score
from app.domain.people import Staff
from app.domain.reply import Reply
from app.services.replies import Claim, Finished, Progress, ReplyEndedError
from realtime.bus.frame import Frame
from realtime.live_reply.port import FencedError, UnknownReplyError
from realtime.ports import CommandError
from realtime.protocol import shapes
from tests.fixtures.reducer import reduce, seen_by
from tests.integration.db.world import World, expire_leases, make_due

WORDS = ("It", " is", " on", " its", " way", " 🚚", " today", ".")

Pair = tuple[shapes.Snapshot, shapes.Snapshot]
"""A conversation as staff and as its visitor see it."""


class Walk:
    """One conversation, one visitor, two agents, one worker, and dice."""

    def __init__(self, world: World, seed: int) -> None:
        self.world = world
        self.dice = random.Random(seed)
        self.conversation = UUID(int=0)
        self.keys: list[str] = []
        self.claims: list[Claim] = []
        self.said: dict[tuple[UUID, int], str] = {}  # what each attempt has said, its predecessors' text included
        self.heard: list[Frame] = []
        self.taken: list[str] = []  # the actions so far, for the message of a failure

    async def start(self) -> None:
        """Open the conversation and listen to it."""
        self.conversation = await self.world.open()
        self.heard = await self.world.watch(self.conversation)

    async def step(self) -> None:
        """Do something at random; refusals are fine."""
        actions: Sequence[tuple[int, Callable[[], Awaitable[object]]]] = (
            (8, self.ask),
            (14, self.claim),
            (20, self.generate),
            (5, self.finish),
            (1, self.fail),
            (2, self.give_back),
            (2, self.die),
            (3, self.heartbeat),
            (2, self.analyze),
            (2, self.take),
            (1, self.send),
            (8, self.release),
            (1, self.hand_off),
            (2, self.expire_hand_off),
            (1, self.stop),
            (1, self.close),
            (2, self.reopen),
            (1, self.assign),
            (1, self.note),
            (1, self.update),
            (2, self.read),
            (1, self.rate),
        )
        weights, choices = zip(*actions, strict=True)
        action = self.dice.choices(choices, weights)[0]
        self.taken.append(action.__name__)
        self.world.clock.advance(seconds=self.dice.choice((1, 1, 60, 7200)))
        with suppress(CommandError, ReplyEndedError, FencedError, UnknownReplyError):
            await action()

    def agent(self) -> Staff:
        return self.dice.choice((self.world.ada, self.world.ben, self.world.boss))

    async def ask(self) -> None:
        if not self.keys or self.dice.random() < 0.8:
            self.keys.append(str(uuid4()))
        await self.world.ask(self.conversation, "Where is it?", self.dice.choice(self.keys[-3:]))

    async def claim(self) -> None:
        for claim in await self.world.replies.claim(self.world.worker, 1):
            self.claims.append(claim)
            reply = claim.reply
            begun = await self.world.live.begin(
                self.conversation, reply.id, reply.epoch, claim.attempt, text=reply.text, ids=reply.ids
            )
            self.said[reply.id, claim.attempt] = begun.text

    async def generate(self) -> None:
        if not self.claims:
            return
        claim = self.dice.choice(self.claims[-1:] * 4 + self.claims[-2:-1])
        reply, word = claim.reply, self.dice.choice(WORDS)
        said = self.said.get((reply.id, claim.attempt), "")
        await self.world.live.append(
            self.conversation, reply.id, reply.epoch, claim.attempt, start=len(said.encode()), text=word, ids=(1,)
        )
        self.said[reply.id, claim.attempt] = said + word

    async def finish(self) -> None:
        if not self.claims:
            return
        claim = self.dice.choice(self.claims[-1:] * 4 + self.claims[-2:-1])
        reply = claim.reply
        text = self.said.get((reply.id, claim.attempt), "") or "Yes."
        await self.world.live.finish(self.conversation, reply.id, reply.epoch, claim.attempt)
        reason = self.dice.choice((None, None, None, "contact_human"))
        await self.world.replies.finish(claim, Finished(text, (1,), FinishReason.STOP, handoff_reason=reason))

    async def fail(self) -> None:
        if self.claims:
            await self.world.replies.fail(self.claims[-1], "Boom", is_final=self.dice.random() < 0.5)

    async def give_back(self) -> None:
        if self.claims:
            claim = self.claims[-1]
            said = self.said.get((claim.reply.id, claim.attempt), "")
            await self.world.replies.release(Progress(claim, said, (1,)))

    async def die(self) -> None:
        await expire_leases(self.world.database)

    async def heartbeat(self) -> None:
        progress = [Progress(one, self.said.get((one.reply.id, one.attempt), ""), (1,)) for one in self.claims[-1:]]
        await self.world.replies.heartbeat(self.world.worker, progress)

    async def analyze(self) -> None:
        for job in await self.world.jobs.claim(Lane.ANALYZE, self.world.worker, 2):
            await self.world.desk.record_analysis(job, Score("order_status", 0.5), Score("neutral", 0.25))

    async def take(self) -> None:
        await self.world.control.take(self.agent(), self.conversation)

    async def send(self) -> None:
        await self.world.sending.send(self.agent(), self.conversation, str(uuid4()), "Hello, a person here.")

    async def release(self) -> None:
        to = self.dice.choice((Controller.BOT, Controller.BOT, Controller.QUEUE))
        await self.world.control.release(self.world.boss, self.conversation, to)

    async def hand_off(self) -> None:
        await self.world.control.request_handoff(self.world.visitor, self.conversation)

    async def expire_hand_off(self) -> None:
        await make_due(self.world.database, "handoff_timeout")
        for job in await self.world.jobs.claim(Lane.SYNC, self.world.worker, 5):
            await self.world.control.expire_handoff(job)

    async def stop(self) -> None:
        reply = await self.world.active_reply(self.conversation)
        if reply is not None:
            await self.world.control.stop(self.world.visitor, self.conversation, reply.id)

    async def close(self) -> None:
        actor = self.dice.choice((self.world.visitor, self.world.ada))
        await self.world.control.close(actor, self.conversation, seen=self.dice.choice((None, 3)))

    async def reopen(self) -> None:
        await self.world.control.reopen(self.agent(), self.conversation)

    async def assign(self) -> None:
        user = self.dice.choice((None, self.world.ada.id, self.world.ben.id))
        await self.world.control.assign(self.world.boss, self.conversation, user)

    async def note(self) -> None:
        await self.world.desk.add_note(self.agent(), self.conversation, uuid4(), "Called them.")

    async def update(self) -> None:
        labels = self.dice.sample(["vip", "late", "angry"], self.dice.randint(0, 3))
        draft = self.dice.choice((None, "", "Dear"))
        await self.world.desk.update(self.agent(), self.conversation, labels=labels, priority="high", draft=draft)

    async def read(self) -> None:
        actor = self.dice.choice((self.world.visitor, self.world.ada, self.world.ben, self.world.viewer))
        await self.world.desk.mark_read(actor, self.conversation, self.dice.randint(0, len(self.heard) + 2))

    async def rate(self) -> None:
        await self.world.desk.rate(self.world.visitor, self.conversation, self.dice.randint(1, 5), None)

    async def check(self) -> None:
        """Assert the invariants of the record, the reply, the jobs and the log."""
        record = await self.world.record(self.conversation)
        log = await self.world.log(self.conversation)
        assert [frame.seq for frame in log] == list(range(1, record.last_seq + 1)), self.taken
        assert self.heard == log, self.taken
        reply = await self.world.active_reply(self.conversation)
        assert (reply is not None) == record.awaits_reply, self.taken
        if reply is not None:
            assert (record.control.controller, record.control.status) == ("bot", "open"), self.taken
            assert reply.epoch == record.control.epoch, self.taken
        assert (record.control.holder is not None) == (record.control.controller is Controller.AGENT), self.taken
        await self._check_jobs(reply)
        await self._check_messages(record.last_seq)

    async def _check_jobs(self, reply: Reply | None) -> None:
        jobs = [job for job in await self.world.all_of(models.Job, kind="reply") if isinstance(job, models.Job)]
        active = [job.id for job in jobs if job.status in ("queued", "running")]
        assert active == ([] if reply is None else [reply.job]), self.taken

    async def _check_messages(self, last_seq: int) -> None:
        messages = await self.world.messages(self.conversation)
        seqs = [message.seq for message in messages]
        assert seqs == sorted(set(seqs)), self.taken
        assert all(1 <= seq <= last_seq for seq in seqs), self.taken
        for message in messages:
            attempts = [said for (reply, _), said in self.said.items() if reply == message.id]
            if message.sender.kind == "bot" and message.text != "Yes.":
                assert message.text in attempts or message.text == "", self.taken

    async def check_reduction(
        self, old: tuple[shapes.Snapshot, shapes.Snapshot]
    ) -> tuple[shapes.Snapshot, shapes.Snapshot]:
        """Assert that old snapshots and the events since give the fresh ones, as staff and as visitor."""
        fresh = await self.snapshots()
        for before, after, is_staff in ((old[0], fresh[0], True), (old[1], fresh[1], False)):
            reduced = before
            for event in seen_by(await self.world.log(self.conversation, before.seq), staff=is_staff):
                reduced = reduce(reduced, event)
            assert reduced == after, self.taken
        return fresh

    async def snapshots(self) -> Pair:
        """Return the conversation as staff and as its visitor see it."""
        return (
            await self.world.snapshot(self.world.ada, self.conversation),
            await self.world.snapshot(self.world.visitor, self.conversation),
        )
