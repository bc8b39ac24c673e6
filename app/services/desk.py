"""What stands beside the messages: notes, labels, receipts, ratings, thumbs, and what the models make of a message."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import msgspec
from msgspec import UNSET, UnsetType

from app.domain.job import ClaimedJob
from app.domain.message import Score, SenderKind, check_text
from app.domain.people import Actor, Staff, Visitor
from app.services.change import Change, Changes
from app.services.ids import new_id
from app.services.ingest import Sent
from app.services.notifying import tell_low_rating, tell_mentioned
from app.services.rights import check_conversation
from app.services.signs import READ_KIND, show
from app.services.transitions import ref_of
from app.services.wire import score_shape
from nlp.labels import INTENTS
from realtime.ports import CommandError
from realtime.protocol import events, shapes
from realtime.protocol.commands import Priority

NOTE_CHARS = 10_000
LABEL_CHARS = 64
LOW_SCORE = 2


class DeskWork:
    """Use cases that change neither who speaks nor what was said."""

    def __init__(self, changes: Changes) -> None:
        self._changes = changes

    async def add_note(self, staff: Staff, conversation: UUID, client_id: UUID, text: str) -> Sent:
        """Store a note once per `client_id`.

        Raises: CommandError `bad_frame`, `too_large`, `not_found`, `forbidden`.
        """

        async def step(change: Change) -> Sent:
            check_conversation(staff, change.conversation)
            known = await change.tx.desk.find_note(conversation, staff.id, str(client_id))
            if known is not None:
                return Sent(*known)
            note = shapes.Note(
                id=new_id(),
                seq=change.conversation.last_seq + 1,
                at=change.now,
                author=ref_of(staff),
                text=check_text(text, NOTE_CHARS),
                client_id=client_id,
            )
            await change.tx.desk.add_note(staff.shop, conversation, note)
            await change.append(events.NoteCreated, note=note)
            await tell_mentioned(change, note.id, note.text, staff)
            return Sent(note.id, note.seq)

        return await self._changes.run(conversation, step, urgent=True)

    async def update(
        self,
        staff: Staff,
        conversation: UUID,
        *,
        labels: Sequence[str] | UnsetType = UNSET,
        priority: Priority | UnsetType = UNSET,
        snooze_until: str | UnsetType | None = UNSET,
        draft: str | UnsetType | None = UNSET,
    ) -> None:
        """Change what is given; `snooze_until` is RFC 3339 or None. Nothing is logged when nothing differs.

        Raises: CommandError `bad_frame`, `not_found`, `forbidden`.
        """
        wanted: dict[str, Any] = {
            "labels": _labels(labels) if not isinstance(labels, UnsetType) else UNSET,
            "priority": priority,
            "snooze_until": _time(snooze_until) if isinstance(snooze_until, str) else snooze_until,
            "draft": (check_text(draft, NOTE_CHARS) if draft else None) if isinstance(draft, str) else draft,
        }

        async def step(change: Change) -> None:
            check_conversation(staff, change.conversation)
            changed = {
                name: value
                for name, value in wanted.items()
                if value is not UNSET and value != getattr(change.conversation, name)
            }
            for name, value in changed.items():
                setattr(change.conversation, name, value)
            if changed:
                await change.append(events.ConversationUpdated, **changed)

        await self._changes.run(conversation, step, urgent=True)

    async def mark_read(self, actor: Actor, conversation: UUID, seq: int) -> None:
        """Note that every message up to `seq` has been seen; it only grows. A viewer leaves no trace.

        It counts up to the last message: receipts are events too, and must not give cause for more of them.

        Raises: CommandError `not_found`.
        """

        async def step(change: Change) -> None:
            if isinstance(actor, Staff) and not actor.role.may_write and actor.shop == change.conversation.shop:
                return
            check_conversation(actor, change.conversation)
            read = min(seq, await _last_message_seq(change))
            if isinstance(actor, Staff):
                if change.conversation.staff_read_seq < change.conversation.customer_seq <= read:
                    await show(change, READ_KIND, f"{conversation}:{change.conversation.customer_seq}")
                change.conversation.staff_read_seq = max(change.conversation.staff_read_seq, read)
            participant = shapes.Participant(
                kind="agent" if isinstance(actor, Staff) else "customer", id=actor.id, name=actor.name
            )
            await _receive(change, participant, read)

        await self._changes.run(conversation, step)

    async def rate(self, visitor: Visitor, conversation: UUID, score: int, comment: str | None) -> None:
        """Store the customer's rating; the last one counts.

        Raises: CommandError `bad_frame`, `not_found`.
        """
        if not 1 <= score <= 5:
            raise CommandError("bad_frame", f"a score is 1 to 5, got {score}")
        said = check_text(comment, NOTE_CHARS) if comment else None

        async def step(change: Change) -> None:
            check_conversation(visitor, change.conversation)
            rating = {"score": score, "comment": said}
            if change.conversation.csat == rating:
                return
            await change.tx.desk.rate(visitor.shop, conversation, change.conversation.assignee, score, said)
            change.conversation.csat = rating
            await change.append(events.CsatRated, score=score, comment=said)
            if score <= LOW_SCORE:
                await tell_low_rating(change)

        await self._changes.run(conversation, step, urgent=True)

    async def give_feedback(self, visitor: Visitor, conversation: UUID, message: UUID, value: str) -> None:
        """Store a thumb on a reply of the bot; the last one counts.

        Raises: CommandError `not_found`, also for a message that is not the bot's.
        """

        async def step(change: Change) -> None:
            check_conversation(visitor, change.conversation)
            found = await change.tx.messages.find(conversation, message)
            if found is None or found.sender is not SenderKind.BOT:
                raise CommandError("not_found", "there is no such reply")
            await change.tx.desk.set_feedback(found, visitor.id, value)

        await self._changes.run(conversation, step, urgent=True)

    async def correct_intent(self, staff: Staff, conversation: UUID, message: UUID, label: str) -> None:
        """Say what a customer's message is really about: shown at once, and kept as an example to learn from.

        Raises: CommandError `bad_frame` for an unknown label; `not_found`, also for a message that no customer wrote;
        `forbidden`; `conflict` while the message is not analysed yet.
        """
        if label not in INTENTS:
            raise CommandError("bad_frame", f"there is no intent {label!r:.64}; see GET /api/intents/")

        async def step(change: Change) -> None:
            check_conversation(staff, change.conversation)
            found = await change.tx.messages.find(conversation, message)
            if found is None or found.sender is not SenderKind.CUSTOMER:
                raise CommandError("not_found", "there is no such message of a customer")
            if found.intent is None or found.sentiment is None:
                raise CommandError("conflict", "the message is still being analysed: try again in a moment")
            await change.tx.desk.set_feedback(found, staff.id, label)
            if found.intent.label == label:
                return
            intent = Score(label, 1.0)
            await change.tx.messages.set_scores(message, intent, found.sentiment)
            if change.conversation.intent == found.intent:
                change.conversation.intent = intent
            scores = {"intent": score_shape(intent), "sentiment": score_shape(found.sentiment)}
            await change.append(events.MessageAnalyzed, about=message, message=message, **scores)

        await self._changes.run(conversation, step, urgent=True)

    async def record_analysis(self, job: ClaimedJob, intent: Score, sentiment: Score) -> None:
        """Store what the models make of the message of an analysis job, and complete it."""
        if job.conversation is None:
            raise ValueError(f"the job {job.id} names no conversation")
        message = UUID(str(job.payload["message"]))

        async def step(change: Change) -> None:
            if not await change.tx.jobs.end(job.id, attempt=job.attempt):
                return
            await change.tx.messages.set_scores(message, intent, sentiment)
            change.conversation.intent, change.conversation.sentiment = intent, sentiment
            scores: Mapping[str, Any] = {"intent": score_shape(intent), "sentiment": score_shape(sentiment)}
            await change.append(events.MessageAnalyzed, about=message, message=message, **scores)

        await self._changes.run(job.conversation, step)


async def _last_message_seq(change: Change) -> int:
    message = change.conversation.last_message
    last = None if message is None else await change.tx.messages.find(change.conversation.id, message)
    return 0 if last is None else last.seq


async def _receive(change: Change, participant: shapes.Participant, read: int) -> None:
    """Move a participant's receipt forward, and log it."""
    receipts = msgspec.convert(change.conversation.receipts, list[shapes.Receipt])
    known = next((one for one in receipts if one.participant.id == participant.id), None)
    if read <= ((known.read if known is not None else None) or 0):
        return
    others = [one for one in receipts if one is not known]
    delivered = known.delivered if known is not None else None
    mine = shapes.Receipt(participant=participant, delivered=delivered, read=read)
    change.conversation.receipts = msgspec.to_builtins([*others, mine])
    await change.append(events.ReceiptChanged, participant=participant, read=read)


def _labels(labels: Sequence[str]) -> list[str]:
    """Return the labels without blanks and repeats.

    Raises: CommandError `bad_frame`, `too_large`.
    """
    return list(dict.fromkeys(check_text(label, LABEL_CHARS).strip() for label in labels))


def _time(value: str) -> datetime:
    try:
        time = datetime.fromisoformat(value)
        if time.tzinfo is not None:
            return time.astimezone(UTC)  # now: one at the end of the calendar has no such time
    except (ValueError, OverflowError):
        raise CommandError("bad_frame", "snooze_until is no RFC 3339 time") from None
    raise CommandError("bad_frame", "snooze_until needs a zone")
