"""A stand-in of Meta's Graph API for Messenger and Instagram: strict about what it takes, honest about what it sends.

Sources: https://developers.facebook.com/docs/messenger-platform/reference/send-api, .../send-messages/sender-actions,
.../send-messages/template/generic, .../messenger-platform/error-codes, .../messenger-platform/conversations, and the
Instagram Platform's messaging pages.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import re
import time
import uuid
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Literal

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from app.simulate.faults import Faults
from app.simulate.loopback import Outgoing
from app.simulate.meta_body import BodyRefusedError, check_body
from app.simulate.meta_desk import MetaDesk, Platform, error
from app.simulate.meta_template_book import MetaTemplateBook

DAY_S = 24 * 3600
WINDOW_S = DAY_S
HUMAN_WINDOW_S = 7 * DAY_S
MESSAGES_PER_S = 300
WINDOW_CLOSED = {"page": (1545041, None), "instagram": (10, 2018278)}


# What can be asked of a thread, nested as the Graph API nests it.
THREAD_FIELDS = re.compile(
    r"(updated_time,)?messages(\.limit\(\d+\))?\{(id|created_time|from|to|message|attachments)"
    r"(,(id|created_time|from|to|message|attachments))*\}"
)


def sign(app_secret: str, body: bytes) -> str:
    """Return X-Hub-Signature-256."""
    return "sha256=" + hmac.new(app_secret.encode(), body, hashlib.sha256).hexdigest()


@dataclass(slots=True)
class SentMessage:
    """A message that was taken; `message` is what was posted of it."""

    mid: str
    to: str
    message: dict[str, Any]
    messaging_type: str
    tag: str | None
    at: float

    @property
    def text(self) -> str:
        return str(self.message.get("text", ""))


@dataclass
class MetaStandIn:
    """One page or Instagram account. `node` is the id in the send path: the page's, or "me" with Instagram Login.
    `clock` returns Unix seconds. `echoes` "before" the answer, "after" it, or not at all ("off")."""

    platform: Platform
    account: str  # page id or Instagram id: entry.id of webhooks
    token: str
    app_secret: str
    webhook: str = ""
    base: str = ""  # where it is served: in the addresses of media
    node: str = ""
    app_id: str = "1784"
    clock: Callable[[], float] = time.time
    outgoing: Outgoing = field(default_factory=Outgoing)
    faults: Faults = field(default_factory=Faults)
    echoes: Literal["before", "after", "off"] = "after"
    delivers: bool = True
    may_tag_human: bool = True  # the reviewed Human Agent feature
    messages_per_s: int = MESSAGES_PER_S
    messages: list[SentMessage] = field(default_factory=list)
    actions: list[tuple[str, str]] = field(default_factory=list)  # (recipient, sender_action)
    desk: MetaDesk = field(init=False)
    templates: MetaTemplateBook = field(default_factory=MetaTemplateBook)
    files: dict[str, tuple[str, bytes]] = field(default_factory=dict)
    _last_inbound: dict[str, float] = field(default_factory=dict)
    _threads: dict[str, list[tuple[str, str, float]]] = field(default_factory=dict)  # (mid, text, at) by person
    _recent: deque[float] = field(default_factory=deque)

    def __post_init__(self) -> None:
        self.desk = MetaDesk(
            self.platform, self.node or self.account, self.token, self.app_id, self.app_secret, lambda: self.clock()
        )

    @property
    def app(self) -> Starlette:
        """The ASGI application."""
        return Starlette(
            routes=[
                Route(f"/{{version}}/{self.desk.node}/messages", self._messages, methods=["POST"]),
                *self.desk.routes(),
                Route(f"/{{version}}/{self.desk.node}/conversations", self._conversations, methods=["GET"]),
                Route(f"/{{version}}/{self.desk.node}/message_templates", self._templates, methods=["GET"]),
                Route("/cdn/{media}", self._cdn, methods=["GET"]),
                Route("/{rest:path}", self._unknown, methods=["GET", "POST", "DELETE"]),
            ]
        )

    def texts(self, address: str | None = None) -> list[str]:
        """Return the texts taken, in order."""
        return [one.text for one in self.messages if one.text and address in (None, one.to)]

    async def _unknown(self, request: Request) -> Response:
        return error(400, 100, f"Unsupported {request.method} request", subcode=33)

    async def _messages(self, request: Request) -> Response:
        body = await request.body()
        refusal = self.desk.check(request)
        if refusal is not None:
            return refusal
        try:
            posted = check_body(body, self.platform)
        except BodyRefusedError as refused:
            return error(400, refused.code, str(refused))

        async def usual() -> Response:
            return await self._act(posted) if "sender_action" in posted else await self._take(posted)

        return await self.faults.answer(usual)

    async def _act(self, posted: Mapping[str, Any]) -> Response:
        person = posted["recipient"]["id"]
        if person not in self._last_inbound:
            return error(400, 100, "No matching user found", subcode=2018001)
        self.actions.append((person, posted["sender_action"]))
        return JSONResponse({"recipient_id": person})

    async def _take(self, posted: Mapping[str, Any]) -> Response:
        person = posted["recipient"]["id"]
        refusal = self._check_window(person, posted) or self._check_pace()
        if refusal is not None:
            return refusal
        prefix = "m_" if self.platform == "page" else "aWdf"
        message = SentMessage(
            prefix + uuid.uuid4().hex,
            person,
            posted["message"],
            posted["messaging_type"],
            posted.get("tag"),
            self.clock(),
        )
        self.messages.append(message)
        if self.echoes == "before" and "lost_callback" not in self.faults.on:
            await self._post([self._echo(message)])
        elif self.echoes == "after":
            self._post_later([self._echo(message)])
        if self.delivers and self.platform == "page":
            self.report("delivery", person, mids=[message.mid])
        return JSONResponse({"recipient_id": person, "message_id": message.mid})

    def _check_window(self, person: str, posted: Mapping[str, Any]) -> Response | None:
        if person not in self._last_inbound:
            return error(400, 100, "No matching user found", subcode=2018001)
        age = DAY_S * 30 if "closed_window" in self.faults.on else self.clock() - self._last_inbound[person]
        if posted["messaging_type"] == "UTILITY":
            return self.templates.refusal(posted["message"]["template"])
        is_tagged = posted["messaging_type"] == "MESSAGE_TAG"
        if is_tagged and not self.may_tag_human:
            return error(400, 100, "The tag needs the reviewed Human Agent feature")
        if age >= (HUMAN_WINDOW_S if is_tagged else WINDOW_S):
            code, subcode = WINDOW_CLOSED[self.platform]
            return error(400, code, "This message is sent outside of allowed window.", subcode=subcode)
        return None

    def _check_pace(self) -> Response | None:
        now = self.clock()
        while self._recent and now - self._recent[0] >= 1.0:
            self._recent.popleft()
        self._recent.append(now)
        if len(self._recent) > self.messages_per_s or "rate_limit" in self.faults.on:
            return error(400, 613, "Calls to this api have exceeded the rate limit.")
        return None

    def _echo(self, message: SentMessage, *, app_id: str | None = None) -> dict[str, Any]:
        said = {"mid": message.mid, "is_echo": True, "app_id": int(app_id or self.app_id)}
        for name in ("text", "metadata"):
            if name in message.message:
                said[name] = message.message[name]
        if "template" in message.message:
            said["text"] = self.templates.filled(message.message["template"])
        return self._event(self.account, message.to, message=said)

    def _event(self, sender: str, recipient: str, **fields: Any) -> dict[str, Any]:
        at = int(self.clock() * 1000)
        return {"sender": {"id": sender}, "recipient": {"id": recipient}, "timestamp": at, **fields}

    def report(self, kind: Literal["delivery", "read"], person: str, *, mids: list[str] | None = None) -> None:
        """Tell that a person's messages arrived or were read, up to now."""
        news: dict[str, Any] = {"watermark": int(self.clock() * 1000)}
        if mids is not None:
            news["mids"] = mids
        if self.platform == "instagram":
            last = next((one.mid for one in reversed(self.messages) if one.to == person), None)
            news = {"mid": last}
        self._post_later([self._event(person, self.account, **{kind: news})])

    def meet(self, person: str) -> None:
        """Take note that a customer writes now: they can be answered."""
        self._last_inbound[person] = self.clock()

    async def write(self, text: str, *, person: str, **message: Any) -> int:
        """Let a customer write; return the status of the receiver's answer."""
        self.meet(person)
        mid = ("m_" if self.platform == "page" else "aWdf") + uuid.uuid4().hex
        said = {"mid": mid, **({"text": text} if text else {}), **message}
        self._threads.setdefault(person, []).append((mid, text, self.clock()))
        return await self._post([self._event(person, self.account, message=said)])

    async def send_file(self, kind: str, media_type: str, content: bytes, *, person: str) -> int:
        """Let a customer send a file; Meta's address of it needs no credentials, and is gone after a while."""
        name = uuid.uuid4().hex
        self.files[name] = (media_type, content)
        attachment = {"type": kind, "payload": {"url": f"{self.base}/cdn/{name}"}}
        return await self.write("", person=person, attachments=[attachment])

    async def colleague_writes(self, text: str, *, person: str) -> int:
        """Let a human answer in Meta's own inbox: an echo of another app, without our metadata."""
        mid = "m_" + uuid.uuid4().hex
        message = SentMessage(mid, person, {"text": text}, "RESPONSE", None, self.clock())
        return await self._post([self._echo(message, app_id="263902037430900")])

    def signed(self, events: list[dict[str, Any]]) -> tuple[dict[str, str], bytes]:
        """Return headers and body of a signed webhook; what is not ASCII is escaped, as Meta does."""
        entry = {"id": self.account, "time": int(self.clock() * 1000), "messaging": events}
        body = json.dumps({"object": self.platform, "entry": [entry]}).encode()
        return {"Content-Type": "application/json", "X-Hub-Signature-256": sign(self.app_secret, body)}, body

    async def _post(self, events: list[dict[str, Any]]) -> int:
        return await self.outgoing.post(self.webhook, *self.signed(events)) if self.webhook else 0

    def _post_later(self, events: list[dict[str, Any]]) -> None:
        if self.webhook and "lost_callback" not in self.faults.on:
            self.outgoing.send(self.webhook, *self.signed(events))

    async def _conversations(self, request: Request) -> Response:
        """List threads, those with the newest messages first, and in each the newest messages first."""
        refusal = self.desk.check(request)
        if refusal is not None:
            return refusal
        query = request.query_params
        platform = "messenger" if self.platform == "page" else "instagram"
        if set(query) - {"platform", "fields", "limit", "access_token"} or query.get("platform") != platform:
            return error(400, 100, "Unknown parameters, or another platform")
        if not THREAD_FIELDS.fullmatch(query.get("fields", "")):
            return error(400, 100, "Tried accessing nonexisting field")
        threads = sorted(self._threads.items(), key=lambda thread: -thread[1][-1][2])
        shown = [self._thread(person, said) for person, said in threads[: int(query.get("limit", "25"))]]
        return JSONResponse({"data": shown, "paging": {}})

    def _thread(self, person: str, said: list[tuple[str, str, float]]) -> dict[str, Any]:
        messages = [
            {
                "id": mid,
                "created_time": _graph_time(at),
                "from": {"id": person, "name": "Ana"},
                "to": {"data": [{"id": self.account}]},
                "message": text,
            }
            for mid, text, at in reversed(said)
        ]
        return {"id": f"t_{person}", "updated_time": _graph_time(said[-1][2]), "messages": {"data": messages}}

    async def _templates(self, request: Request) -> Response:
        refusal = self.desk.check(request)
        if refusal is not None or self.platform != "page":
            return refusal or error(400, 100, "Tried accessing nonexisting field (message_templates)")
        return self.templates.listed(request)

    async def _cdn(self, request: Request) -> Response:
        media_type, content = self.files.get(request.path_params["media"], ("", b""))
        return Response(content, media_type=media_type) if media_type else Response("gone", 404)


def _graph_time(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%dT%H:%M:%S+0000")
