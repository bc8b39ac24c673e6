"""Approved templates: what people may send to a customer after the channel's window has closed. The bot never does."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Mapping, Sequence
from uuid import UUID

from app.channels.port import Channel, Http, HttpLostError, HttpUnreachableError
from app.domain.channel import Template
from app.domain.message import SenderKind
from app.domain.people import Staff
from app.services import transitions
from app.services.accounts import Accounts
from app.services.change import Change, Changes
from app.services.ingest import Sent
from app.services.ports import Store
from app.services.rights import check_conversation, not_found
from realtime.ports import CommandError

ASK_S = 8.0
VALUE_CHARS = 500
_FORBIDDEN = re.compile(r"[\r\n\t\0]| {5}")  # WhatsApp refuses them in a variable
_HOLE = re.compile(r"\{\{\s*([^{}]*?)\s*\}\}")


class Templates:
    """Use cases of agents. `channels` by kind."""

    def __init__(
        self, store: Store, changes: Changes, accounts: Accounts, channels: Mapping[str, Channel], http: Http
    ) -> None:
        self._store = store
        self._changes = changes
        self._accounts = accounts
        self._channels = channels
        self._http = http

    async def available(self, staff: Staff, conversation: UUID) -> Sequence[Template]:
        """Return the approved templates of the conversation's account; none where the channel has no such thing.

        Raises: CommandError `not_found`; `unavailable` when the vendor does not answer.
        """
        async with self._store.read() as tx:
            owners = await tx.views.owners(conversation)
            route = await tx.deliveries.route(conversation)
        if owners is None or owners[0] != staff.shop:
            raise not_found()
        channel = None if route is None else self._channels.get(route.kind)
        if route is None or channel is None or channel.templates is None:
            return []
        account = await self._accounts.find(route.account)
        if account is None:
            return []
        try:
            async with asyncio.timeout(ASK_S):
                return await channel.templates.approved(account, self._http)
        except (TimeoutError, HttpLostError, HttpUnreachableError) as error:
            raise CommandError("unavailable", "the vendor does not answer: try again") from error

    async def send(
        self, staff: Staff, conversation: UUID, client_id: str, template: str, variables: Mapping[str, str]
    ) -> Sent:
        """Send an approved template once per `client_id`; takes control as any message of an agent does.

        Raises: CommandError `not_found` for one that is not approved, `bad_frame` for a variable that is missing or
            cannot be sent, `forbidden`, `conflict`, `closed`, `unavailable`.
        """
        async with self._store.read() as tx:
            known = await tx.messages.find_by_key(conversation, staff.id, client_id)
        if known is not None and known.shop == staff.shop:
            return Sent(known.id, known.seq)
        chosen = next((one for one in await self.available(staff, conversation) if one.id == template), None)
        if chosen is None:
            raise CommandError("not_found", "there is no such approved template")
        values = _checked(chosen, variables)
        text = filled(chosen, values)

        async def step(change: Change) -> Sent:
            check_conversation(staff, change.conversation)
            same = await change.tx.messages.find_by_key(conversation, staff.id, client_id)
            if same is not None:
                return Sent(same.id, same.seq)
            await transitions.take(change, staff)
            message = await change.say(
                SenderKind.AGENT,
                text,
                template={"template": chosen.id, "variables": values},
                sender_id=staff.id,
                sender_name=staff.name,
                client_id=client_id,
            )
            return Sent(message.id, message.seq)

        return await self._changes.run(conversation, step, urgent=True)


def filled(template: Template, variables: Mapping[str, str]) -> str:
    """Return what the customer will read."""
    return _HOLE.sub(lambda hole: variables.get(hole[1], hole[0]), template.body)


def _checked(template: Template, variables: Mapping[str, str]) -> dict[str, str]:
    unknown = sorted(set(variables) - set(template.variables))
    if unknown:
        raise CommandError("bad_frame", f"variables: this template has no {unknown[0]}")
    for name in template.variables:
        value = variables.get(name, "")
        if not value.strip() or len(value) > VALUE_CHARS or _FORBIDDEN.search(value):
            limits = f"at most {VALUE_CHARS} characters, in one line, without runs of spaces"
            raise CommandError("bad_frame", f"variables: {name} is needed ({limits})")
    return {name: variables[name] for name in template.variables}
