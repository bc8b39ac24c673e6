"""What must be true once everything is healthy again: the database's log decides, and all clients agree with it."""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import func, select

from app.db import models
from tests.e2e.faults.cluster import FaultyCluster
from tests.e2e.faults.person import Person
from tests.e2e.faults.scripted import answer_to
from tests.e2e.faults.story import Story
from tests.fixtures.wire_view import View, Wire

SETTLED_S = 90.0
POLL_S = 0.2
KEPT = 50
LANES = ("answer", "analyze")


@dataclass
class Findings:
    """What was checked, and what was wrong."""

    wrong: list[str] = field(default_factory=list)
    taken_back: list[str] = field(default_factory=list)
    counts: Counter[str] = field(default_factory=Counter)

    def check(self, is_right: bool, words: str) -> None:
        """Note what is not right."""
        if not is_right:
            self.wrong.append(words)


class Oracle:
    """Compares what `people` sent and hold with the database."""

    def __init__(self, cluster: FaultyCluster, stories: Sequence[Story], people: Sequence[Person]) -> None:
        self._cluster = cluster
        self._stories = stories
        self._people = people
        self.findings = Findings()
        self._only: Collection[str] | None = None

    async def settle(self) -> None:
        """Wait until no work is left and all clients are where the log is.

        Raises: TimeoutError; `findings` then say what is missing.
        """
        async with asyncio.timeout(SETTLED_S):
            while await self._count_open():  # noqa: ASYNC110 - other processes do it
                await asyncio.sleep(POLL_S)
            ends = {str(row.id): row.last_seq for row in await self._rows(models.Conversation)}
            for person in self._people:
                views = person.client.views.values()
                await person.client.wait_for(
                    lambda views=views: all(view.seq >= ends[view.conversation] for view in views),  # type: ignore[misc]
                    SETTLED_S,
                )

    async def check(self, only: Collection[str] | None = None) -> Findings:
        """Check everything, or `only` some conversations; the findings say what was wrong."""
        self._only = only
        await self._check_messages()
        await self._check_log()
        await self._check_replies()
        await self._check_outcomes()
        await self._check_views()
        found = self.findings
        for person in self._people:
            found.wrong += person.breaches()
            found.taken_back += person.taken_back()
        found.wrong += self._cluster.complaints()
        return found

    async def _count_open(self) -> int:
        async with self._cluster.core.database.read_session() as session:
            jobs = select(func.count()).select_from(models.Job)
            jobs = jobs.where(models.Job.lane.in_(LANES), models.Job.status.in_(("queued", "running")))
            replies = select(func.count()).select_from(models.Response)
            replies = replies.where(models.Response.status.in_(("queued", "running")))
            return int(await session.scalar(jobs) or 0) + int(await session.scalar(replies) or 0)

    async def _check_messages(self) -> None:
        """Each message that was sent is there once, at the position that was acknowledged, and no other."""
        rows = [row for row in await self._rows(models.Message) if row.sender_kind in ("customer", "agent")]
        stored = Counter(str(row.client_id) for row in rows)
        by_key = {str(row.client_id): row for row in rows}
        sent = {key: entry for person in self._people for key, entry in person.sent.items()}
        self.findings.counts["messages"] = len(sent)
        for key, (conversation, text, seq) in sent.items():
            self.findings.check(stored[key] == 1, f"message {key} is there {stored[key]} times")
            if stored[key] == 1:
                row = by_key[key]
                held = (str(row.conversation_id), row.text, row.seq)
                self.findings.check(held == (conversation, text, seq), f"message {key}: {held} is not {seq}")
        self.findings.check(set(stored) <= set(sent), f"{set(stored) - set(sent)} were never sent")

    async def _check_log(self) -> None:
        """Each log is gapless, and a message in it is what the table holds."""
        texts = {str(row.id): row.text for row in await self._rows(models.Message)}
        seqs: dict[Any, list[int]] = {}
        for event in await self._rows(models.Event):
            seqs.setdefault(event.conversation_id, []).append(event.seq)
            if event.type == "message.created":
                said = json.loads(event.body)["message"]
                self.findings.check(texts.get(said["id"]) == said["text"], f"{said['id']} differs from its event")
        for row in await self._rows(models.Conversation):
            found = sorted(seqs.get(row.id, []))
            self.findings.check(found == list(range(1, row.last_seq + 1)), f"{row.id} has the events {found}")
            self.findings.counts["events"] += len(found)

    async def _check_replies(self) -> None:
        """Each reply ended; a whole one says what an undisturbed engine says, a cut one the beginning of it."""
        said = {row.id: row for row in await self._rows(models.Message)}
        for reply in await self._rows(models.Response):
            self.findings.counts[f"replies {reply.status}"] += 1
            text = said[reply.id].text if reply.id in said else ""
            self.findings.check(reply.checkpoint_text == text, f"reply {reply.id} differs from its message")
            self.findings.counts["replies streamed"] += bool(text)
            whole = answer_to(reply.prompt) if reply.prompt is not None else ""
            if reply.status == "done":
                self.findings.check(text == whole, f"reply {reply.id} says {text!r}, not {whole!r}")
            elif reply.status in ("stopped", "taken_over"):
                self.findings.check(whole.startswith(text), f"reply {reply.id} says {text!r}, which {whole!r} does not")
            else:
                logged = "\n".join(self._cluster.logged(str(reply.id)))
                self.findings.wrong.append(f"reply {reply.id} is {reply.status}: {reply.failure}\n{logged}")
        for story in self._stories:
            for message, text in story.cuts.items():
                self.findings.check(
                    any(str(key) == message and row.text == text for key, row in said.items()),
                    f"the cut of {message} was acknowledged with another text",
                )

    async def _check_outcomes(self) -> None:
        """No message of a customer is without an outcome, no job was given up."""
        for row in await self._rows(models.Conversation):
            is_answered = row.customer_seq <= max(row.covered_seq, row.agent_seq)
            self.findings.check(
                row.controller != "bot" or is_answered, f"{row.id}: message {row.customer_seq} has no outcome"
            )
        for job in await self._rows(models.Job):
            self.findings.counts[f"{job.lane} jobs with {job.tries} tries"] += 1
            self.findings.check(job.status != "dead", f"the {job.kind} job {job.id} was given up: {job.error}")
        for message in await self._rows(models.Message):
            if message.sender_kind == "customer":
                self.findings.check(message.intent_label is not None, f"message {message.id} was not analysed")

    async def _check_views(self) -> None:
        """What every client has made of its frames is what a client that comes now is told."""
        url = self._cluster.urls()[0]
        for person in self._people:
            fresh = await person.fresh(url)
            async with fresh:
                for conversation, view in person.client.views.items():
                    await fresh.watch(conversation)
                    self._compare(view, fresh.view(conversation))
                    self.findings.counts["client states"] += 1

    def _compare(self, held: View, fresh: View) -> None:
        for name in ("log", "seq", "epoch", "status", "controller", "live"):
            mine, told = getattr(held, name), getattr(fresh, name)
            self.findings.check(mine == told, f"{held.conversation}: {name} is {mine!r}, a new client gets {told!r}")
        mine_shown, told_shown = _shown(held)[-KEPT:], _shown(fresh)[-KEPT:]
        if mine_shown != told_shown:
            differing = [pair for pair in zip(mine_shown, told_shown, strict=False) if pair[0] != pair[1]]
            self.findings.wrong.append(f"{held.conversation} shows other messages than a new client: {differing[:2]}")

    async def _rows(self, model: type[Any]) -> list[Any]:
        async with self._cluster.core.database.read_session() as session:
            rows = list(await session.scalars(select(model)))
        if self._only is None:
            return rows
        return [
            row for row in rows if str(row.id if model is models.Conversation else row.conversation_id) in self._only
        ]


def _shown(view: View) -> list[Wire]:
    shown = [
        {
            "id": one["id"],
            "seq": one["seq"],
            "kind": one["sender"]["kind"],
            "text": one["text"],
            "end": one.get("reply"),
        }
        for one in view.messages.values()
    ]
    return sorted(shown, key=lambda one: one["seq"])
