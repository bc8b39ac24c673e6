"""What agents send to customers."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from app.domain.message import MESSAGE_CHARS, SenderKind, check_text
from app.domain.people import Staff
from app.services import transitions
from app.services.attachments import FileLinks, take_uploads
from app.services.change import Change, Changes
from app.services.delivery_steps import check_window
from app.services.fence import HeldText
from app.services.ids import new_id
from app.services.ingest import Sent
from app.services.rights import check_conversation


class Sending:
    """The agent's message."""

    def __init__(self, changes: Changes, links: FileLinks, *, message_chars: int = MESSAGE_CHARS) -> None:
        self._changes = changes
        self._links = links
        self._message_chars = message_chars

    async def send(
        self,
        staff: Staff,
        conversation: UUID,
        client_id: str,
        text: str,
        *,
        files: Sequence[UUID] = (),
        held: HeldText | None = None,
    ) -> Sent:
        """Store an agent's message once per `client_id`, with `files` that they uploaded; takes control first when the
        bot or nobody has it.

        Raises: CommandError `bad_frame`, `too_large`, `not_found`, `forbidden`, `conflict` with the holder,
            `closed` (with `reason` "window" when the channel takes no free text any more).
        """

        async def step(change: Change) -> Sent:
            check_conversation(staff, change.conversation)
            known = await change.tx.messages.find_by_key(conversation, staff.id, client_id)
            if known is not None:
                return Sent(known.id, known.seq)
            if not files or text:
                check_text(text, self._message_chars)
            await check_window(change, by_human=True)
            message_id = new_id()
            attachments = await take_uploads(change, staff.id, message_id, files, self._links)
            await transitions.take(change, staff)
            message = await change.say(
                SenderKind.AGENT,
                text,
                message=message_id,
                sender_id=staff.id,
                sender_name=staff.name,
                client_id=client_id,
                attachments=attachments,
            )
            return Sent(message.id, message.seq)

        return await self._changes.run(conversation, step, held=held, urgent=True)
