"""What became of a customer's file at its vendor: kept, not taken, or not to be had for now; and told to everybody who
sees the message."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any
from uuid import UUID

import msgspec

from app.domain.people import Staff
from app.services.attachments import FileRow, Files, fetching
from app.services.change import Change, Changes
from app.services.ids import new_id
from realtime.ports import CommandError
from realtime.protocol import events, shapes


class FetchedFiles:
    """Ends the wait for a file, or begins it anew, in one transaction with the event that says so."""

    def __init__(self, changes: Changes, files: Files) -> None:
        self._changes = changes
        self._files = files

    async def keep(self, row: FileRow, media_type: str, content: bytes) -> None:
        """Keep what was fetched, unless the file was erased meanwhile."""
        kept = replace(row, state="stored", media_type=media_type, size=len(content))
        await self._end(kept, {"media_type": media_type, "size": len(content)}, content)

    async def refuse(self, row: FileRow, reason: str) -> None:
        """Note why a file is not kept, and forget where it was."""
        refused = replace(row, state="refused", reason=reason)
        await self._end(refused, {"state": "refused", "reason": reason})

    async def fail(self, row: FileRow, reason: str) -> None:
        """Note why a file could not be had, and keep where it was: somebody may try again."""
        failed = replace(row, state="failed", reason=reason)
        await self._end(failed, {"state": "failed", "reason": reason})

    async def again(self, staff: Staff, file: UUID) -> None:
        """Have a file that failed fetched again.

        Raises: CommandError `not_found`; `conflict` for one that is being fetched, is here or was refused.
        """
        row = await self._files.find(file)
        if row is None or row.shop != staff.shop:
            raise CommandError("not_found", "there is no such file")

        async def step(change: Change) -> None:
            if not await change.tx.files.wait_again(file):
                raise CommandError("conflict", "only a file that could not be fetched is fetched again")
            await _tell(change, row, {"state": "waiting", "reason": None})
            await change.add_job(fetching(row, f"{file}:{new_id()}"))

        await self._changes.run(row.conversation, step, waits=False)

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
    """Return a file as the message carries it from now on."""
    changed = {**{name: value for name, value in shown.items() if name != "state"}, **told}
    return {name: value for name, value in changed.items() if value is not None}
