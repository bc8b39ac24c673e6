"""What a client that joins or comes back is answered: events after its position, or a snapshot; and the live reply.

Order matters: the live reply is read before the log. An end event that is committed in between is then in the log and
the text is known to be over; the other way round a finished reply could be shown as one in progress.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any
from uuid import UUID

from msgspec import UNSET, to_builtins
from msgspec.json import Encoder

from realtime.bus.frame import NO_MESSAGE, Audience
from realtime.live_reply.port import LiveReplyUnavailableError, LiveText, slice_from
from realtime.ports import LogPage, Principal
from realtime.protocol.answers import restarted_fields, resumed_fields
from realtime.protocol.commands import Cursor, LiveCursor
from realtime.protocol.position import Position
from realtime.protocol.shapes import Live
from realtime.topic_feed import FeedParts, TopicFeed
from realtime.watch import hidden

_encoder = Encoder()


@dataclass(frozen=True, slots=True)
class Answer:
    """The fields to send, where they leave a reader and the client, the live reply, and the replies whose end it knows.

    `position` is what was read; `client` may be ahead of it: it keeps a text that the store does not have (any more).
    """

    fields: dict[str, Any]
    log: str
    position: Position
    client: Position
    live: LiveText | None
    ended: set[UUID] = field(default_factory=set)


async def answer(parts: FeedParts, feed: TopicFeed, principal: Principal, cursor: Cursor | None) -> Answer:
    """Read what brings this client to the present. The feed must be subscribed and buffering for it.

    Raises: CommandError of the product; any error of its storage.
    """
    live = await _read_live(parts, feed.conversation)
    if cursor is not None and cursor.seq is not None:
        page = await parts.sessions.read_log(feed.conversation, cursor.seq, parts.settings.resume_events + 1)
        if _goes_on(page, cursor, parts):
            has_own = await _has_lost_text_of(parts, feed.conversation, cursor.live, live)
            return _resumed(feed, principal, cursor, page, live, has_own=has_own)
    snapshot = await parts.sessions.snapshot(principal, feed.conversation)
    ended = set(_message_ids(snapshot.body))
    live = _in_progress(feed, live, ended, snapshot.epoch)
    body = _fitted(snapshot.body, parts.settings.resume_bytes)
    fields = restarted_fields(feed.conversation, body, _shape(live, None))
    position = _position(snapshot.seq, snapshot.epoch, live)
    return Answer(fields, snapshot.log, position, replace(position), live, ended)


async def _read_live(parts: FeedParts, conversation: UUID) -> LiveText | None:
    """Read the reply in progress from byte 0: the node mirrors it whole. None also when it cannot be read."""
    try:
        return await parts.live_reply.read(conversation)
    except LiveReplyUnavailableError:
        return None


async def _has_lost_text_of(
    parts: FeedParts, conversation: UUID, held: LiveCursor | None, live: LiveText | None
) -> bool:
    """Return whether the client holds text that the store has lost: the worker will come to it again."""
    if held is None or live is None or held.message != str(live.message) or held.to <= live.end:
        return False
    try:
        return not (await parts.live_reply.ask(conversation, live.message, None)).is_whole
    except LiveReplyUnavailableError:
        return True


def _goes_on(page: LogPage, cursor: Cursor, parts: FeedParts) -> bool:
    """Return whether the events after the cursor are all there, few enough, and of the same log."""
    after = cursor.seq or 0
    frames = page.frames
    return (
        (cursor.log is None or cursor.log == page.log)
        and after <= page.last_seq
        and len(frames) <= parts.settings.resume_events
        and sum(len(frame.body) for frame in frames) <= parts.settings.resume_bytes
        and [frame.seq for frame in frames] == list(range(after + 1, page.last_seq + 1))
    )


def _resumed(
    feed: TopicFeed, principal: Principal, cursor: Cursor, page: LogPage, live: LiveText | None, *, has_own: bool
) -> Answer:
    ended = {frame.message for frame in page.frames if frame.message != NO_MESSAGE}
    known = feed.order.position.epoch if feed.order.position is not None else 0
    epoch = max(known, page.epoch)
    if live is not None and page.running not in (UNSET, live.message):
        live = None  # the store has lost that it ended
    live = _in_progress(feed, live, ended, epoch)
    events = [
        frame.body if principal.is_staff or frame.audience is Audience.ALL else hidden(feed.conversation, frame.seq)
        for frame in page.frames
    ]
    told = None if has_own else live
    fields = resumed_fields(feed.conversation, events, _shape(told, cursor.live))
    position = _position(page.last_seq, epoch, live)
    kept = _kept(_position(page.last_seq, position.epoch, told), cursor.live, ended)
    return Answer(fields, page.log, position, kept, live, ended)


def _kept(position: Position, held: LiveCursor | None, ended: set[UUID]) -> Position:
    """Return where a client stands that was told of no live reply: its own text stays until the end of that comes."""
    kept = replace(position)
    if held is None or position.message != NO_MESSAGE:
        return kept
    try:
        message = UUID(held.message)
    except ValueError:
        return kept
    if message not in ended:
        kept.hold(message, kept.epoch, held.to)
    return kept


def _in_progress(feed: TopicFeed, live: LiveText | None, ended: set[UUID], epoch: int) -> LiveText | None:
    if live is None or live.cut or live.epoch < epoch:
        return None
    return None if live.message in ended or feed.order.has_ended(live.message) else live


def _position(seq: int, epoch: int, live: LiveText | None) -> Position:
    position = Position(seq=seq, epoch=epoch)
    if live is not None:
        position.hold(live.message, live.epoch, live.end)
    return position


def _shape(live: LiveText | None, held: LiveCursor | None) -> Live | None:
    """Return the reply in progress from where the client stands, whole when it holds none of it."""
    if live is None:
        return None
    start, text = 0, live.text
    if held is not None and held.message == str(live.message):
        start, text = slice_from(live.text, held.to)
    return Live(message=live.message, epoch=live.epoch, start=start, end=live.end, text=text)


def _fitted(snapshot: Mapping[str, Any], max_bytes: int) -> Mapping[str, Any]:
    """Leave out the oldest messages and notes of a snapshot that is too long for a frame; `more` says that there are.

    Messages and notes are structs or plain objects.
    """
    excess = len(_encoder.encode(snapshot)) - max_bytes
    if excess <= 0:
        return snapshot
    kept = {name: list(snapshot.get(name, ())) for name in ("messages", "notes")}
    listed = [(name, one) for name, some in kept.items() for one in some]
    for name, oldest in sorted(listed, key=lambda pair: int(to_builtins(pair[1])["seq"])):
        if excess <= 0:
            break
        kept[name].remove(oldest)
        excess -= len(_encoder.encode(oldest)) + 1
    return {**snapshot, **kept, "more": True}


def _message_ids(snapshot: Mapping[str, Any]) -> list[UUID]:
    """Return the ids of a snapshot's messages, which are structs or plain objects."""
    ids = (message["id"] if isinstance(message, Mapping) else message.id for message in snapshot.get("messages", ()))
    return [value if isinstance(value, UUID) else UUID(str(value)) for value in ids]
