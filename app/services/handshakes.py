"""Verify tokens for the subscription checks of vendors: answered from memory when the database is away."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import structlog

from app.channels.port import Channel
from app.services.accounts import Accounts

log = structlog.get_logger(__name__)

LOOK_S = 1.0
REFRESH_S = 60.0


class VerifyTokens:
    """The tokens of all accounts, as last seen; `configured` is one more, good for every channel."""

    def __init__(self, accounts: Accounts, channels: Sequence[Channel], configured: str = "") -> None:
        self._accounts = accounts
        self._channels = [channel for channel in channels if channel.handshake_field is not None]
        self._configured = configured
        self._seen: dict[str, list[str]] = {}

    async def of(self, channel: Channel) -> list[str]:
        """Return the tokens of a channel: fresh ones, or the last ones seen when the database does not answer."""
        await self._refresh(channel)
        return [*self._seen.get(channel.kind, ()), *filter(None, [self._configured])]

    async def keep_fresh(self) -> None:
        """Look again and again; a BackgroundTask."""
        while True:
            for channel in self._channels:
                await self._refresh(channel)
            await asyncio.sleep(REFRESH_S)

    async def _refresh(self, channel: Channel) -> None:
        name = channel.handshake_field
        if name is None:
            return
        try:
            async with asyncio.timeout(LOOK_S):
                accounts = await self._accounts.active(channel.kind)
        except Exception as error:
            log.warning("verify tokens unread", action="verify_tokens_unread", error=type(error).__name__)
            return
        self._seen[channel.kind] = [one.secrets[name] for one in accounts if one.secrets.get(name)]
