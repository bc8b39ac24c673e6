"""Which visitor uploads a file, and whether they may: by the token that their live session gave them."""

from __future__ import annotations

from dataclasses import replace
from uuid import UUID

from app.domain.people import Visitor
from app.live.limits import Limits
from app.live.sessions import visitor_of
from app.live.visitors import Visitors
from app.services.reads import Reads
from realtime.ports import CommandError, Peer


class Uploaders:
    """Admits visitors to uploading."""

    def __init__(self, visitors: Visitors, reads: Reads, limits: Limits) -> None:
        self._visitors = visitors
        self._reads = reads
        self._limits = limits

    async def admit(self, token: str, peer: Peer, conversation: UUID) -> Visitor:
        """Return who is about to upload a file for a conversation of theirs, and count it.

        Raises: CommandError `unauthorized` for a wrong token or origin, `forbidden` for a blocked customer, `not_found`
            for another's conversation, `rate_limited`.
        """
        if not token:
            raise CommandError("unauthorized", "expected the visitor's token: Authorization: Bearer TOKEN")
        principal = (await self._visitors.known(token, peer)).principal
        visitor = visitor_of(principal)
        await self._reads.check_watch(visitor, conversation)
        await self._limits.upload(replace(principal, address=peer.address))
        return visitor
