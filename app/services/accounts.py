"""Accounts of a shop at vendors: what is stored of them, and what admins do with them."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol
from urllib.parse import urlsplit
from uuid import UUID

from app.channels.port import API_BASE, Channel
from app.domain.channel import Account
from realtime.ports import CommandError

VALUE_CHARS = 4096
NAME_CHARS = 255
PREVIOUS = "previous_"  # before the name of a secret: the one it replaced
_LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})
_PRINTABLE = re.compile(r"[\x20-\x7e]+")


@dataclass(frozen=True, slots=True)
class StoredAccount:
    """An account as admins see it: `secrets` are the names of those that are set; `problem` is what the vendor refuses
    our credentials with, so that nothing is sent."""

    id: UUID
    shop: UUID
    kind: str
    external_id: str
    name: str
    active: bool
    fields: Mapping[str, str]
    secrets: frozenset[str]
    problem: str | None = None
    token_expires_at: datetime | None = None  # as the vendor last told


@dataclass(frozen=True, slots=True)
class AccountChange:
    """What becomes of an account's row; `secrets` replaces all of them."""

    external_id: str
    alias: str | None
    name: str
    fields: Mapping[str, str]
    secrets: Mapping[str, str]
    active: bool = True


class Accounts(Protocol):
    """Reads and writes accounts; each call is one transaction."""

    async def named(self, kind: str, names: Sequence[str]) -> Mapping[str, Account]:
        """Return the active accounts that a vendor calls by these names, by name."""

    async def active(self, kind: str) -> Sequence[Account]: ...

    async def find(self, account: UUID) -> Account | None:
        """Return an account with its secrets, active or not."""

    async def of_shop(self, shop: UUID) -> Sequence[StoredAccount]: ...

    async def add(self, shop: UUID, kind: str, change: AccountChange) -> UUID | None:
        """Insert, or replace this shop's own inactive one; None when the vendor's account is in use already."""

    async def change(self, shop: UUID, account: UUID, change: AccountChange) -> bool:
        """Write; false when the new names are another account's."""


class AccountDesk:
    """Admins connect, change and disconnect accounts."""

    def __init__(self, accounts: Accounts, channels: Mapping[str, Channel]) -> None:
        self._accounts = accounts
        self._channels = channels

    @property
    def channels(self) -> Mapping[str, Channel]:
        """The channels that accounts can be added of, by kind."""
        return {kind: channel for kind, channel in self._channels.items() if channel.fields}

    async def listed(self, shop: UUID) -> Sequence[StoredAccount]:
        """Return the accounts of a shop, without secrets."""
        return await self._accounts.of_shop(shop)

    async def add(self, shop: UUID, kind: str, values: Mapping[str, str], name: str = "") -> UUID:
        """Connect an account, or one again that was disconnected; `values` by the names of the channel's fields.

        Raises: CommandError `bad_frame` naming the field, `conflict` when it is connected already.
        """
        channel = self._channel(kind)
        account = await self._accounts.add(shop, kind, _checked(channel, values, name))
        if account is None:
            raise CommandError("conflict", "this account is connected already")
        return account

    async def put(self, shop: UUID, kind: str, values: Mapping[str, str], name: str = "") -> UUID:
        """Connect an account, or write new values over those of the same account.

        Raises: CommandError `bad_frame` naming the field, `conflict` when it is another shop's.
        """
        external_id = _checked(self._channel(kind), values, name).external_id
        for one in await self._accounts.of_shop(shop):
            if (one.kind, one.external_id) == (kind, external_id):
                await self.change(shop, one.id, values, name=name or None, active=True)
                return one.id
        return await self.add(shop, kind, values, name)

    async def change(
        self,
        shop: UUID,
        account: UUID,
        values: Mapping[str, str | None],
        *,
        name: str | None = None,
        active: bool | None = None,
    ) -> None:
        """Change what is given; a value of None or "" removes it. Secrets that are not given stay.

        Raises: CommandError `not_found`, `bad_frame` naming the field, `conflict`.
        """
        stored = next((one for one in await self._accounts.of_shop(shop) if one.id == account), None)
        known = await self._accounts.find(account)
        if stored is None or known is None or stored.kind not in self.channels:
            raise CommandError("not_found", "there is no such account")
        merged = {**known.fields, **known.secrets, **{key: value or "" for key, value in values.items()}}
        change = _checked(self._channel(stored.kind), merged, stored.name if name is None else name)
        is_active = stored.active if active is None else active
        row = AccountChange(
            change.external_id, change.alias, change.name, change.fields, change.secrets, active=is_active
        )
        if not await self._accounts.change(shop, account, row):
            raise CommandError("conflict", "this account is connected already")

    async def rotate(self, shop: UUID, account: UUID, name: str, value: str) -> None:
        """Give a secret a new value; where the channel takes the previous one for a while, keep that beside it.

        Raises: CommandError `not_found`, `bad_frame` naming the field.
        """
        stored = next((one for one in await self._accounts.of_shop(shop) if one.id == account), None)
        known = await self._accounts.find(account) if stored is not None else None
        if stored is None or known is None:
            raise CommandError("not_found", "there is no such account")
        secrets = self._channel(stored.kind).secret_fields
        if name not in secrets or name.startswith(PREVIOUS):
            current = sorted(one for one in secrets if not one.startswith(PREVIOUS))
            raise CommandError("bad_frame", f"secret: use one of {', '.join(current)}")
        values, old = {name: value}, known.secrets.get(name, "")
        kept = next((one for one in (PREVIOUS + name, PREVIOUS + name.rpartition("_")[2]) if one in secrets), None)
        if kept is not None and old and old != value.strip():
            values[kept] = old
        await self.change(shop, account, values)

    async def disconnect(self, shop: UUID, account: UUID) -> None:
        """Take no more events and send nothing more; the secrets are forgotten, the conversations stay.

        Raises: CommandError `not_found`.
        """
        stored = next((one for one in await self._accounts.of_shop(shop) if one.id == account), None)
        if stored is None:
            raise CommandError("not_found", "there is no such account")
        row = AccountChange(stored.external_id, None, stored.name, stored.fields, {}, active=False)
        await self._accounts.change(shop, account, row)

    def _channel(self, kind: str) -> Channel:
        channel = self.channels.get(kind)
        if channel is None:
            raise CommandError("bad_frame", f"kind: use one of {', '.join(sorted(self.channels))}")
        return channel


def _checked(channel: Channel, values: Mapping[str, str], name: str) -> AccountChange:
    """Check values against the fields of a channel."""
    declared = {one.name: one for one in channel.fields}
    unknown = sorted(set(values) - set(declared))
    if unknown:
        raise CommandError("bad_frame", f"{unknown[0]}: {channel.kind} has the fields {', '.join(declared)}")
    kept = {key: value.strip() for key, value in values.items() if value.strip()}
    for one in channel.fields:
        value = kept.get(one.name, "")
        if one.required and not value:
            raise CommandError("bad_frame", f"{one.name}: is needed ({one.label})")
        if value and (len(value) > VALUE_CHARS or not _PRINTABLE.fullmatch(value)):
            raise CommandError("bad_frame", f"{one.name}: use printable ASCII, at most {VALUE_CHARS} characters")
        if value and one.choices and value not in one.choices:
            raise CommandError("bad_frame", f"{one.name}: use one of {', '.join(one.choices)}")
    if API_BASE.name in kept:
        _check_base(kept[API_BASE.name])
    names = list(channel.references(kept))
    if not names or any(len(reference) > NAME_CHARS for reference in names):
        raise CommandError("bad_frame", f"these fields name no account of {channel.name}")
    secrets = {key: value for key, value in kept.items() if declared[key].secret}
    fields = {key: value for key, value in kept.items() if not declared[key].secret}
    alias = names[1] if len(names) > 1 else None
    return AccountChange(names[0], alias, (name.strip() or channel.name)[:NAME_CHARS], fields, secrets)


def _check_base(url: str) -> None:
    parts = urlsplit(url)
    is_safe = parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in _LOOPBACK)
    if not is_safe or not parts.hostname or parts.username is not None:
        raise CommandError("bad_frame", f"{API_BASE.name}: use an https:// address")
