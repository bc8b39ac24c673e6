"""Messenger and Instagram: JSON of up to 1,000 events, signed with the app's secret over the bytes as they came.

Contract: https://developers.facebook.com/documentation/business-messaging/messenger-platform/webhooks and the
Instagram pages beside it. What one event is: app/channels/meta_events.py.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from typing import TypeVar

import msgspec
from msgspec import Raw, Struct

from app.channels import signatures
from app.channels.meta_events import read_event
from app.channels.meta_send import INSTAGRAM_LIMITS, MESSENGER_LIMITS, MetaNode, MetaSender
from app.channels.meta_templates import MetaTemplates
from app.channels.meta_upkeep import INSTAGRAM_FIELDS, PAGE_FIELDS, MetaUpkeep
from app.channels.port import API_BASE, AccountField, Answer, BodyError, Channel, Parsed, RawRequest
from app.channels.text import whole_escapes
from app.domain.channel import Account

MAX_BODY_BYTES = 8 * 2**20
Kind = TypeVar("Kind")
_FORBIDDEN = Answer(403, b"forbidden")


class _Entry(Struct):
    id: str | int = ""
    messaging: list[Raw] | None = None
    standby: list[Raw] | None = None
    changes: list[Raw] | None = None


class _Payload(Struct):
    entry: list[_Entry]
    object: str = ""


class _EntryName(Struct):
    id: str | int = ""


class _Names(Struct):
    entry: list[_EntryName]


class MetaReceiver:
    """See app.channels.port.Receiver; `kind_of_object` is what Meta calls this channel's accounts."""

    accepted = Answer(200, b"EVENT_RECEIVED")
    refused = _FORBIDDEN
    max_body_bytes = MAX_BODY_BYTES

    def __init__(self, kind_of_object: str) -> None:
        self._object = kind_of_object

    def handshake(self, query: Mapping[str, str], tokens: Sequence[str]) -> Answer | None:
        """Give the challenge back to whoever knows a verify token."""
        given = query.get("hub.verify_token", "")
        known = [signatures.same(token, given) for token in tokens if token]
        if query.get("hub.mode") != "subscribe" or not any(known):
            return _FORBIDDEN
        return Answer(200, query.get("hub.challenge", "").encode("utf-8", "replace"))

    def references(self, request: RawRequest) -> Sequence[Sequence[str]]:
        """Return the ids of the pages or business accounts, each once: all that is read before the signature."""
        try:
            names = _decode(request.body, _Names)
        except BodyError:
            return []
        return [[name] for name in dict.fromkeys(str(entry.id) for entry in names.entry) if name]

    def verify(self, request: RawRequest, account: Account, now: datetime) -> bool:
        """Check the signature over the body."""
        secrets = [account.secrets.get("app_secret", ""), account.secrets.get("previous_app_secret", "")]
        return signatures.meta(secrets, request.body, request.headers.get("x-hub-signature-256", ""))

    def parse(self, request: RawRequest) -> Sequence[Parsed]:
        """Return every event of every entry, whatever its kind.

        Raises: BodyError.
        """
        payload = _decode(request.body, _Payload)
        if payload.object != self._object:
            raise BodyError("the body is about another kind of account")
        return list(_events(payload))

    def media_headers(self, url: str, account: Account) -> Mapping[str, str]:
        """Meta's links carry their own permission."""
        return {}


def _events(payload: _Payload) -> Iterable[Parsed]:
    for entry in payload.entry:
        account = str(entry.id)
        for raw in entry.messaging or ():
            yield read_event(bytes(raw), account)
        for raw in entry.standby or ():
            yield read_event(bytes(raw), account, standby=True)
        for raw in entry.changes or ():
            yield read_event(bytes(raw), account, is_change=True)


def _decode(body: bytes, kind: type[Kind]) -> Kind:
    try:
        try:
            return msgspec.json.decode(body, type=kind)
        except msgspec.ValidationError:
            raise
        except msgspec.DecodeError:
            return msgspec.json.decode(whole_escapes(body), type=kind)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise BodyError(f"the body cannot be read: {type(error).__name__}") from error


def _names(*fields: str) -> Callable[[Mapping[str, str]], Sequence[str]]:
    return lambda values: [values[name] for name in fields if values.get(name)]


_APP_FIELDS = (
    AccountField("app_secret", "App secret", secret=True),
    AccountField("previous_app_secret", "Previous app secret", required=False, secret=True),
    AccountField("verify_token", "Verify token", secret=True),
    AccountField("app_id", "App id", required=False),
    AccountField("graph_version", "Version of the Graph API", required=False),
    API_BASE,
)

_PAGE = MetaNode(node="page_id", token="page_token")
_INSTAGRAM = MetaNode(node="page_id", token="access_token")

MESSENGER = Channel(
    kind="messenger",
    name="Messenger",
    path="facebook",
    fields=(
        AccountField("page_id", "Page id"),
        AccountField("page_token", "Page access token", secret=True),
        *_APP_FIELDS,
    ),
    references=_names("page_id"),
    handshake_field="verify_token",
    receiver=MetaReceiver("page"),
    sender=MetaSender(MESSENGER_LIMITS, _PAGE),
    upkeep=MetaUpkeep(_PAGE, "messenger", PAGE_FIELDS),
    templates=MetaTemplates(_PAGE),
)

INSTAGRAM = Channel(
    kind="instagram",
    name="Instagram",
    path="instagram",
    fields=(
        AccountField("ig_id", "Instagram account id"),
        AccountField("access_token", "Access token", secret=True),
        AccountField("setup", "Set-up: facebook or instagram login", choices=("facebook", "instagram")),
        AccountField("page_id", "Page id (facebook login)", required=False),
        *_APP_FIELDS,
    ),
    references=_names("ig_id"),
    handshake_field="verify_token",
    receiver=MetaReceiver("instagram"),
    sender=MetaSender(INSTAGRAM_LIMITS, _INSTAGRAM),
    upkeep=MetaUpkeep(_INSTAGRAM, "instagram", INSTAGRAM_FIELDS),
)
