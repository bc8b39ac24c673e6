"""What became of a customer's file at its vendor: kept or not taken, and told to everybody who sees the message."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import msgspec

from app.services.attachments import FileRow
from app.services.change import Change, Changes
from realtime.protocol import events, shapes


class FetchedFiles:
    """Ends the wait for a file, in one transaction with the event that says so."""

    def __init__(self, changes: Changes) -> None:
        self._changes = changes

    async def keep(self, row: FileRow, media_type: str, content: bytes) -> None:
        """Keep what was fetched, unless the file was erased meanwhile."""
        kept = replace(row, state="stored", media_type=media_type, size=len(content))
        await self._end(kept, {"media_type": media_type, "size": len(content)}, content)

    async def refuse(self, row: FileRow, reason: str) -> None:
        """Note why a file is not kept, and forget where it was."""
        refused = replace(row, state="refused", reason=reason)
        await self._end(refused, {"state": "refused", "reason": reason})

    async def _end(self, row: FileRow, told: Mapping[str, Any], content: bytes | None = None) -> None:
        async def step(change: Change) -> None:
            if await change.tx.files.end_wait(row, content):
                await _tell(change, row, told)

        await self._changes.run(row.conversation, step, waits=False)


async def _tell(change: Change, row: FileRow, told: Mapping[str, Any]) -> None:
    message = None if row.message is None else await change.tx.messages.find(row.conversation, row.message)
    if message is None or message.redacted:
        return
    shown = [_changed(one, told) if one["id"] == str(row.id) else one for one in message.attachments]
    await change.tx.messages.set_attachments(message.id, shown)
    file = next(msgspec.convert(one, shapes.Attachment) for one in shown if one["id"] == str(row.id))
    await change.append(events.AttachmentChanged, about=message.id, message=message.id, attachment=file)


def _changed(shown: Mapping[str, Any], told: Mapping[str, Any]) -> dict[str, Any]:
    """Return a file as the message carries it once the wait is over."""
    return {**{name: value for name, value in shown.items() if name != "state"}, **told}
