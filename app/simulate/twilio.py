"""A stand-in of Twilio's Messages API for WhatsApp: strict about what it takes, honest about what it sends.

Sources: https://www.twilio.com/docs/messaging/api/message-resource, .../whatsapp/api/typing-indicators-resource,
.../usage/webhooks/webhooks-security, and the pages of the error codes under https://www.twilio.com/docs/api/errors.
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
import json
import time
import uuid
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import parse_qsl, urlencode

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import Route

from app.simulate.faults import Faults
from app.simulate.loopback import Outgoing
from app.simulate.twilio_pages import (
    API_VERSION,
    SentMessage,
    account_page,
    content_page,
    error,
    listed,
    new_sid,
    sender_page,
    shown,
)

WINDOW_S = 24 * 3600
BODY_CHARS = 1600
MESSAGES_PER_S = 80
FIELDS = frozenset(
    {
        "To",
        "From",
        "MessagingServiceSid",
        "Body",
        "MediaUrl",
        "ContentSid",
        "ContentVariables",
        "StatusCallback",
        "ValidityPeriod",
    }
)
_INDICATOR_FIELDS = {"messageId", "channel"}


def sign(auth_token: str, url: str, form: Mapping[str, str]) -> str:
    """Return X-Twilio-Signature: base64 of HMAC-SHA1 over the URL and the sorted parameters."""
    message = url + "".join(name + form[name] for name in sorted(form))
    return base64.b64encode(hmac.new(auth_token.encode(), message.encode(), hashlib.sha1).digest()).decode()


@dataclass
class TwilioStandIn:
    """One account. `window_open` follows what `customer_wrote` was told; `clock` returns Unix seconds."""

    account_sid: str
    auth_token: str
    numbers: set[str]
    services: set[str] = field(default_factory=set)
    contents: set[str] = field(default_factory=set)  # approved templates without a text to be listed
    templates: dict[str, tuple[str, str]] = field(default_factory=dict)  # by sid: state of approval, text
    clock: Callable[[], float] = time.time
    outgoing: Outgoing = field(default_factory=Outgoing)
    faults: Faults = field(default_factory=Faults)
    messages_per_s: int = MESSAGES_PER_S
    base: str = ""  # where it is served: in the addresses of media
    sender_webhook: str = ""  # the callback address that Twilio's console has for the numbers
    delivers: bool = True  # reports sent and delivered by itself
    fails_next: list[int] = field(default_factory=list)  # error codes of the next messages, told by callback
    messages: list[SentMessage] = field(default_factory=list)
    typing: list[str] = field(default_factory=list)  # ids of the messages that were marked as read
    requests: list[tuple[str, str]] = field(default_factory=list)
    files: dict[str, tuple[str, bytes]] = field(default_factory=dict)  # media id -> type, content
    _last_inbound: dict[str, float] = field(default_factory=dict)
    _inbound_sids: set[str] = field(default_factory=set)
    _inbound: list[tuple[float, dict[str, Any]]] = field(default_factory=list)
    _recent: deque[float] = field(default_factory=deque)

    @property
    def app(self) -> Starlette:
        """The ASGI application; media redirect to its own /cdn, which refuses credentials."""
        account = f"/{API_VERSION}/Accounts/{{account}}"
        return Starlette(
            routes=[
                Route(f"{account}/Messages.json", self._create, methods=["POST"]),
                Route(f"{account}/Messages.json", self._list, methods=["GET"]),
                Route(f"{account}/Messages/{{message}}/Media/{{media}}", self._media, methods=["GET"]),
                Route("/v2/Indicators/Typing.json", self._indicate, methods=["POST"]),
                Route("/cdn/{media}", self._cdn, methods=["GET"]),
                Route(f"/{API_VERSION}/Accounts/{{account}}.json", self._account, methods=["GET"]),
                Route("/v1/ContentAndApprovals", self._contents, methods=["GET"]),
                Route("/v2/Channels/Senders", self._senders, methods=["GET"]),
            ]
        )

    def customer_wrote(self, address: str, sid: str) -> None:
        """Open the window for an address."""
        self._last_inbound[address] = self.clock()
        self._inbound_sids.add(sid)

    def texts(self, address: str | None = None) -> list[str]:
        """Return the bodies taken, in order."""
        return [one.body for one in self.messages if address is None or one.to == address]

    async def _create(self, request: Request) -> Response:
        return await self._guarded(request, self._take)

    async def _guarded(self, request: Request, usual: Callable[[Request, bytes], Response]) -> Response:
        body = await request.body()
        self.requests.append((request.method, request.url.path))
        refusal = self._check_auth(request)
        if refusal is not None:
            return refusal

        async def answer() -> Response:
            return usual(request, body)

        return await self.faults.answer(answer)

    def _check_auth(self, request: Request) -> Response | None:
        expected = base64.b64encode(f"{self.account_sid}:{self.auth_token}".encode()).decode()
        given = request.headers.get("authorization", "")
        account = request.path_params.get("account", self.account_sid)
        if given != f"Basic {expected}" or account != self.account_sid:
            return error(401, 20003, "Authenticate")
        return None

    def _take(self, request: Request, body: bytes) -> Response:
        if request.headers.get("content-type", "").partition(";")[0] != "application/x-www-form-urlencoded":
            return error(400, 20001, "Expected a form")
        pairs = parse_qsl(body.decode(), keep_blank_values=True, strict_parsing=True)
        form = dict(pairs)
        refusal = self._check_form(pairs, form)
        if refusal is not None:
            return refusal
        if self._is_too_fast():
            return error(429, 20429, "Too Many Requests")
        message = SentMessage(
            sid=new_sid("MM" if form.get("MediaUrl") else "SM"),
            to=form["To"],
            sender=form.get("From") or form["MessagingServiceSid"],
            body=form.get("Body", ""),
            media=tuple(value for name, value in pairs if name == "MediaUrl"),
            content_sid=form.get("ContentSid"),
            variables=json.loads(form.get("ContentVariables", "{}")),
            status_callback=form.get("StatusCallback"),
            at=self.clock(),
        )
        self.messages.append(message)
        self._report_later(message)
        return JSONResponse(shown(self.account_sid, message), 201)

    def _check_form(self, pairs: list[tuple[str, str]], form: dict[str, str]) -> Response | None:
        names = [name for name, _ in pairs if name != "MediaUrl"]
        unknown = set(form) - FIELDS
        checks = (
            (bool(unknown) or len(names) != len(set(names)), 20001, f"Unknown or repeated parameters: {unknown}"),
            (not form.get("To", "").startswith("whatsapp:"), 21211, "The 'To' number is not a valid address"),
            (not self._is_own(form), 21606, "The 'From' address is not a sender of this account"),
            ("ContentSid" in form and bool({"Body", "MediaUrl"} & set(form)), 21619, "Use ContentSid without Body"),
            (not ({"ContentSid", "Body", "MediaUrl"} & set(form)), 21619, "A text, medium or content is required"),
            (form.get("Body", "x") == "" and "MediaUrl" not in form, 21619, "The message body is empty"),
            (len(form.get("Body", "")) > BODY_CHARS, 21617, "The message body exceeds 1600 characters"),
            ("ContentSid" in form and not self._is_approved(form["ContentSid"]), 21655, "The ContentSid is invalid"),
            (not _is_variables(form.get("ContentVariables")), 21656, "The ContentVariables are invalid"),
        )
        return next((error(400, code, text) for is_wrong, code, text in checks if is_wrong), None)

    def _is_approved(self, sid: str) -> bool:
        return sid in self.contents or self.templates.get(sid, ("", ""))[0] == "approved"

    async def _contents(self, request: Request) -> Response:
        return await self._guarded(request, lambda asked, _: content_page(asked, self.account_sid, self.templates))

    def _is_own(self, form: Mapping[str, str]) -> bool:
        if "From" in form:
            return form["From"] in self.numbers and "MessagingServiceSid" not in form
        return form.get("MessagingServiceSid") in self.services

    def _is_too_fast(self) -> bool:
        now = self.clock()
        while self._recent and now - self._recent[0] >= 1.0:
            self._recent.popleft()
        self._recent.append(now)
        return len(self._recent) > self.messages_per_s or "rate_limit" in self.faults.on

    def _report_later(self, message: SentMessage) -> None:
        is_open = self.clock() - self._last_inbound.get(message.to, float("-inf")) < WINDOW_S
        is_open = is_open and "closed_window" not in self.faults.on
        if self.fails_next:
            self.report(message, "failed", self.fails_next.pop(0))
        elif message.content_sid is None and not is_open:
            self.report(message, "undelivered", 63016)  # the POST was taken: only the callback tells
        elif self.delivers:
            self.report(message, "sent")
            self.report(message, "delivered")

    def report(self, message: SentMessage, status: str, error_code: int | None = None) -> None:
        """Move a message and call back, signed."""
        message.status, message.error_code = status, error_code
        if message.status_callback is None or "lost_callback" in self.faults.on:
            return
        form = {
            "MessageSid": message.sid,
            "SmsSid": message.sid,
            "MessageStatus": status,
            "SmsStatus": status,
            "AccountSid": self.account_sid,
            "From": message.sender,
            "To": message.to,
            "ApiVersion": API_VERSION,
            "ChannelPrefix": "whatsapp",
        }
        if error_code is not None:
            form |= {"ErrorCode": str(error_code), "ErrorMessage": f"Error {error_code}"}
        self.outgoing.send(message.status_callback, *self.signed(message.status_callback, form))

    def customer_reads(self) -> None:
        """Report everything as read."""
        for message in self.messages:
            if message.status in ("sent", "delivered"):
                self.report(message, "read")

    def signed(self, url: str, form: Mapping[str, str]) -> tuple[dict[str, str], bytes]:
        """Return headers and body of a signed webhook to `url`."""
        headers = {
            "Content-Type": "application/x-www-form-urlencoded; charset=utf-8",
            "X-Twilio-Signature": sign(self.auth_token, url, form),
            "I-Twilio-Idempotency-Token": str(uuid.uuid4()),
            "User-Agent": "TwilioProxy/1.1",
        }
        return headers, urlencode(dict(form)).encode()

    async def write(
        self,
        webhook: str,
        text: str,
        *,
        address: str,
        name: str = "Ana",
        to: str | None = None,
        file: tuple[str, bytes] | None = None,
    ) -> int:
        """Let a customer write, or send a file (its type and content); return the status of the receiver's answer."""
        sid = new_sid("SM")
        self.customer_wrote(address, sid)
        own = to or next(iter(self.numbers))
        at = self.clock()
        self._inbound.append((at, listed(self.account_sid, sid, address, own, text, at)))
        form = {
            "MessageSid": sid,
            "SmsSid": sid,
            "SmsMessageSid": sid,
            "AccountSid": self.account_sid,
            "From": address,
            "To": own,
            "Body": text,
            "NumMedia": "0",
            "NumSegments": "1",
            "ProfileName": name,
            "WaId": address.removeprefix("whatsapp:+"),
            "MessageType": "text",
            "SmsStatus": "received",
            "ApiVersion": API_VERSION,
        }
        if file is not None:
            medium = new_sid("ME")
            self.files[medium] = file
            url = f"{self.base}/{API_VERSION}/Accounts/{self.account_sid}/Messages/{sid}/Media/{medium}"
            form |= {"NumMedia": "1", "MediaUrl0": url, "MediaContentType0": file[0], "MessageType": "image"}
        return await self.outgoing.post(webhook, *self.signed(webhook, form))

    async def _list(self, request: Request) -> Response:
        return await self._guarded(request, self._page)

    def _page(self, request: Request, _: bytes) -> Response:
        unknown = set(request.query_params) - {"To", "From", "DateSent", "DateSent>", "DateSent<", "PageSize"}
        if unknown:
            return error(400, 20001, f"Unknown parameters: {unknown}")
        wanted = request.query_params
        since = datetime.fromisoformat(wanted.get("DateSent>", "1970-01-01")).replace(tzinfo=UTC).timestamp()
        ours = [(one.at, shown(self.account_sid, one)) for one in reversed(self.messages)]
        found = [
            one
            for _, one in sorted([*ours, *reversed(self._inbound)], key=lambda dated: -dated[0])
            if wanted.get("To", one["to"]) == one["to"]
            and wanted.get("From", one["from"]) == one["from"]
            and parsedate_to_datetime(one["date_created"]).timestamp() >= since
        ]
        return JSONResponse({"messages": found[: int(wanted.get("PageSize", "50"))], "next_page_uri": None})

    async def _account(self, request: Request) -> Response:
        return await self._guarded(request, lambda *_: account_page(self.account_sid))

    async def _senders(self, request: Request) -> Response:
        return await self._guarded(request, lambda asked, _: sender_page(asked, self.numbers, self.sender_webhook))

    async def _indicate(self, request: Request) -> Response:
        return await self._guarded(request, self._show_typing)

    def _show_typing(self, request: Request, body: bytes) -> Response:
        form = dict(parse_qsl(body.decode(), keep_blank_values=True))
        if set(form) != _INDICATOR_FIELDS or form["channel"] != "whatsapp":
            return error(400, 20001, "messageId and channel are required")
        if form["messageId"] not in self._inbound_sids:
            return error(404, 20404, "The message was not found")
        self.typing.append(form["messageId"])
        return JSONResponse({"success": True})

    async def _media(self, request: Request) -> Response:
        refusal = self._check_auth(request)
        if refusal is not None or request.path_params["media"] not in self.files:
            return refusal or error(404, 20404, "The medium was not found")
        return RedirectResponse(f"/cdn/{request.path_params['media']}", 307)

    async def _cdn(self, request: Request) -> Response:
        if "authorization" in request.headers:
            return Response("credentials are not for here", 400)
        await asyncio.sleep(0)
        media_type, content = self.files.get(request.path_params["media"], ("", b""))
        return Response(content, media_type=media_type) if media_type else Response("gone", 404)


def _is_variables(value: str | None) -> bool:
    if value is None:
        return True
    try:
        found = json.loads(value)
    except ValueError:
        return False
    return isinstance(found, dict) and all(isinstance(one, str) and one for one in found.values())
