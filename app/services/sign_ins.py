"""Sign-ins at vendors that admins have begun: each is good once, for minutes, in the browser it began in."""

from __future__ import annotations

import hashlib
import secrets
from uuid import UUID

from app.services.shopify_install import PendingInstall, PendingInstalls
from realtime.ports import CommandError

STATE_S = 600.0
STATE_BYTES = 32
REFUSED = "this is not an answer to a sign-in that you began here within the last ten minutes"


class SignIns:
    """Sign-ins at one vendor; `vendor` stands where Shopify's installations have the domain of their shop."""

    def __init__(self, pending: PendingInstalls, vendor: str) -> None:
        self._pending = pending
        self._vendor = vendor

    async def begin(self, shop: UUID, user: UUID, session: str) -> str:
        """Return a state for the vendor to bring back; `session` is the hash of the admin's session."""
        state = secrets.token_urlsafe(STATE_BYTES)
        await self._pending.add(_hash(state), PendingInstall(shop, user, session, self._vendor), STATE_S)
        return state

    async def redeem(self, shop: UUID, user: UUID, session: str, state: str) -> None:
        """Use a state up.

        Raises: CommandError `forbidden` when it is not one that began here, or was used.
        """
        found = await self._pending.find(_hash(state))
        is_ours = found == PendingInstall(shop, user, session, self._vendor)
        if not is_ours or not await self._pending.take(_hash(state)):
            raise CommandError("forbidden", REFUSED)


def _hash(state: str) -> str:
    return hashlib.sha256(state.encode("utf-8", "surrogatepass")).hexdigest()
