"""The sending half of Messenger and Instagram.

Contract: https://developers.facebook.com/docs/messenger-platform/reference/send-api, .../send-messages/sender-actions,
.../send-messages/template/generic, .../send-messages/utility-messages and .../messenger-platform/error-codes. Our
delivery's id travels as `metadata` and comes back in the echo.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from datetime import datetime, timedelta
from typing import Any

from app.channels.port import Http, HttpAnswer, HttpLostError
from app.domain.channel import (
    Accepted,
    Account,
    Card,
    HumanPart,
    Limits,
    OutgoingPart,
    RefusalKind,
    Refused,
    SendResult,
)
from app.domain.split import Unit

FACEBOOK = "https://graph.facebook.com"
INSTAGRAM = "https://graph.instagram.com"
GRAPH_VERSION = "v25.0"
TITLE_CHARS = 80
ELEMENTS = 10
VIEW = "View"
MEGABYTE = 1_000_000
DAY, WEEK = timedelta(days=1), timedelta(days=7)
_TEMPORARY = {"1", "2", "4", "17", "32", "613"}
_WINDOW = {"1545041", "2018278"}
_CREDENTIALS = {"102", "190"}
_ANSWERS_OF_OTHERS = (502, 504)

MESSENGER_LIMITS = Limits(
    text_chars=2000,
    window=DAY,
    human_window=WEEK,
    media_bytes=dict.fromkeys(("video", "audio", "file"), 25 * MEGABYTE) | {"image": 8 * MEGABYTE},
    cards=ELEMENTS,
)
# Whether Instagram counts characters or bytes is not documented: bytes are the safe reading.
INSTAGRAM_LIMITS = Limits(
    text_chars=1000,
    text_unit=Unit.UTF8,
    window=DAY,
    human_window=WEEK,
    media_bytes=dict.fromkeys(("video", "audio", "file"), 25 * MEGABYTE) | {"image": 8 * MEGABYTE},
    media_types={"image": ("image/png", "image/jpeg", "image/gif"), "file": ("application/pdf",)},
    cards=ELEMENTS,
)


class MetaNode:
    """Where the Graph API has an account, and with what token. `node` is the field with the id in the path, `token` the
    secret."""

    def __init__(self, *, node: str, token: str) -> None:
        self._node = node
        self.token = token

    def host(self, account: Account) -> str:
        """Return the API's address."""
        usual = INSTAGRAM if account.fields.get("setup") == "instagram" else FACEBOOK
        return (account.fields.get("api_base") or usual).rstrip("/")

    def base(self, account: Account) -> str:
        """Return the API's address with its version."""
        return f"{self.host(account)}/{account.fields.get('graph_version') or GRAPH_VERSION}"

    def url(self, account: Account, edge: str) -> str:
        """Return the address of an edge of the page; with Instagram Login, or where the page is not told, the token
        says whose it is."""
        is_own = account.fields.get("setup") == "instagram"
        node = "me" if is_own else account.fields.get(self._node) or "me"
        return f"{self.base(account)}/{node}/{edge}"

    def token_of(self, account: Account) -> str:
        """Return the access token."""
        return account.secrets.get(self.token, "")

    def authorization(self, account: Account) -> dict[str, str]:
        """Return the header that signs in."""
        return {"Authorization": f"Bearer {self.token_of(account)}"}

    def json(self, answer: HttpAnswer) -> dict[str, Any]:
        """Return the object of an answer; an empty one for what is none."""
        try:
            found = json.loads(answer.body)
        except ValueError:
            return {}
        return found if isinstance(found, dict) else {}


class MetaSender:
    """See app.channels.port.Sender."""

    def __init__(self, limits: Limits, node: MetaNode) -> None:
        self.limits = limits
        self._node = node

    async def send(self, part: OutgoingPart, account: Account, http: Http) -> SendResult:
        """Post one message.

        Raises: HttpLostError, HttpUnreachableError.
        """
        body = {"recipient": {"id": part.address}, **_lane(part), "message": _message(part)}
        answer = await self._post(body, account, http)
        found = self._node.json(answer)
        if answer.status == 200 and isinstance(found.get("message_id"), str):
            return Accepted(found["message_id"])
        error = found.get("error")
        if not isinstance(error, dict):
            if answer.status in _ANSWERS_OF_OTHERS or answer.status < 500:
                raise HttpLostError(f"status {answer.status}")
            return Refused(RefusalKind.TEMPORARY, str(answer.status))
        return self._refusal(answer, error)

    def _refusal(self, answer: HttpAnswer, error: Mapping[str, Any]) -> Refused:
        codes = [str(error[name]) for name in ("error_subcode", "code") if name in error]
        kinds = [self.classify(code) for code in codes]
        kind = next((one for one in kinds if one is not RefusalKind.PERMANENT), RefusalKind.PERMANENT)
        if answer.status == 429 or answer.status >= 500:
            kind = RefusalKind.TEMPORARY
        code = "/".join(reversed(codes)) or str(answer.status)
        return Refused(kind, code, str(error.get("message", ""))[:200])

    def classify(self, code: str) -> RefusalKind:
        """Say what an error code or subcode means."""
        if code in _TEMPORARY:
            return RefusalKind.TEMPORARY
        if code in _WINDOW:
            return RefusalKind.WINDOW_CLOSED
        return RefusalKind.CREDENTIALS if code in _CREDENTIALS else RefusalKind.PERMANENT

    async def find(
        self, part: OutgoingPart, account: Account, sent_after: datetime, known: Collection[str], http: Http
    ) -> str | None:
        """Nothing to look up: the echo tells, with our id."""
        return None

    async def show_typing(self, address: str, last_inbound: str, account: Account, http: Http) -> None:
        """Show that an answer is coming, until it comes.

        Raises: HttpLostError, HttpUnreachableError.
        """
        await self._act(address, "typing_on", account, http)

    async def mark_read(self, address: str, last_inbound: str, account: Account, http: Http) -> None:
        """Mark the thread as seen.

        Raises: HttpLostError, HttpUnreachableError.
        """
        await self._act(address, "mark_seen", account, http)

    async def _act(self, address: str, action: str, account: Account, http: Http) -> None:
        await self._post({"recipient": {"id": address}, "sender_action": action}, account, http)

    async def _post(self, body: Mapping[str, Any], account: Account, http: Http) -> HttpAnswer:
        return await http.request(
            "POST",
            self._node.url(account, "messages"),
            headers=self._node.authorization(account) | {"Content-Type": "application/json"},
            content=json.dumps(body).encode(),
        )


def _lane(part: OutgoingPart) -> dict[str, str]:
    """The human-only lane is open to what a person wrote, and a part of the bot cannot even ask for it; approved
    templates have one of their own."""
    if part.template is not None:
        return {"messaging_type": "UTILITY"}
    if isinstance(part, HumanPart) and part.after_window:
        return {"messaging_type": "MESSAGE_TAG", "tag": "HUMAN_AGENT"}
    return {"messaging_type": "RESPONSE"}


def _message(part: OutgoingPart) -> dict[str, Any]:
    metadata = {"metadata": str(part.delivery)}
    if part.template is not None:
        return {"template": _template(part.template, part.variables), **metadata}
    if part.cards:
        payload = {"template_type": "generic", "elements": [_element(card) for card in part.cards[:ELEMENTS]]}
        return {"attachment": {"type": "template", "payload": payload}, **metadata}
    if part.media is not None:
        return {"attachment": {"type": part.media.kind, "payload": {"url": part.media.url}}, **metadata}
    return {"text": part.text, **metadata}


def _template(named: str, variables: Mapping[str, str]) -> dict[str, Any]:
    """Name a template, as in app.channels.meta_templates, with its values: by position, or by name."""
    name, _, language = named.rpartition("/")
    if all(one.isdecimal() for one in variables):
        values = [
            {"type": "text", "text": text} for _, text in sorted(variables.items(), key=lambda pair: int(pair[0]))
        ]
    else:
        values = [{"type": "text", "parameter_name": one, "text": text} for one, text in variables.items()]
    components = [{"type": "body", "parameters": values}] if values else []
    return {"name": name, "language": {"code": language}, "components": components}


def _element(card: Card) -> dict[str, Any]:
    element: dict[str, Any] = {"title": card.title[:TITLE_CHARS], "subtitle": card.subtitle[:TITLE_CHARS]}
    if card.image_url is not None:
        element["image_url"] = card.image_url
    if card.url is not None:
        element["default_action"] = {"type": "web_url", "url": card.url}
        element["buttons"] = [{"type": "web_url", "url": card.url, "title": VIEW}]
    return element
