"""A stand-in of Telegram's Bot API: strict about what it takes. Source: https://core.telegram.org/bots/api."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from app.simulate.faults import Faults
from app.simulate.loopback import Outgoing

TEXT_CHARS = 4096
ACTIONS = {"typing", "upload_photo", "upload_document"}
MEDIA = {"sendPhoto": "photo", "sendVideo": "video", "sendAudio": "audio", "sendDocument": "document"}
FIELDS: dict[str, tuple[set[str], set[str]]] = {  # by method: needed, and what may come besides
    "sendMessage": ({"chat_id", "text"}, set()),
    "sendChatAction": ({"chat_id", "action"}, set()),
    "getFile": ({"file_id"}, set()),
    "getWebhookInfo": (set(), set()),
    "setWebhook": ({"url"}, {"secret_token", "allowed_updates"}),
    **{method: ({"chat_id", name}, {"caption"}) for method, name in MEDIA.items()},
}
SECRET = re.compile(r"[A-Za-z0-9_-]{1,256}")


@dataclass(slots=True)
class SentMessage:
    """A message that was taken."""

    message_id: int
    to: str
    text: str
    media: str | None
    at: float


@dataclass
class TelegramStandIn:
    """One bot. Only people who wrote to it can be written to; `blocked` are those who no longer want to hear of it."""

    token: str
    clock: Callable[[], float] = time.time
    outgoing: Outgoing = field(default_factory=Outgoing)
    faults: Faults = field(default_factory=Faults)
    messages: list[SentMessage] = field(default_factory=list)
    actions: list[tuple[str, str]] = field(default_factory=list)
    blocked: set[str] = field(default_factory=set)
    files: dict[str, bytes] = field(default_factory=dict)
    webhook: str = ""
    secret: str = ""
    allowed: list[str] = field(default_factory=list)
    _people: set[str] = field(default_factory=set)
    _last_id: int = 0

    @property
    def app(self) -> Starlette:
        """The ASGI application."""
        return Starlette(
            routes=[
                Route("/bot{token}/{method}", self._call, methods=["POST"]),
                Route("/file/bot{token}/{path:path}", self._file, methods=["GET"]),
            ]
        )

    def texts(self, address: str | None = None) -> list[str]:
        """Return the texts taken, in order."""
        return [one.text for one in self.messages if one.text and address in (None, one.to)]

    async def _call(self, request: Request) -> Response:
        if request.path_params["token"] != self.token:
            return _error(401, "Unauthorized")
        method = request.path_params["method"]
        if method not in FIELDS:
            return _error(404, "Not Found: method not found")
        try:
            body = json.loads(await request.body())
        except ValueError:
            return _error(400, "Bad Request: can't parse JSON")
        needed, more = FIELDS[method]
        if not isinstance(body, dict) or not needed <= set(body) or set(body) - needed - more:
            return _error(400, f"Bad Request: {method} takes {sorted(needed | more)}")

        async def usual() -> Response:
            return self._take(method, body)

        return await self.faults.answer(usual)

    def _take(self, method: str, body: dict[str, Any]) -> Response:
        if method in ("getWebhookInfo", "setWebhook"):
            return self._hook(method, body)
        if method == "getFile":
            known = body["file_id"] in self.files
            return _ok({"file_path": f"photos/{body['file_id']}.jpg"}) if known else _error(400, "wrong file_id")
        return self._say(method, body)

    def _hook(self, method: str, body: dict[str, Any]) -> Response:
        if method == "setWebhook":
            if not SECRET.fullmatch(body.get("secret_token", "")):
                return _error(400, "Bad Request: secret token contains unallowed characters")
            self.webhook, self.secret, self.allowed = body["url"], body["secret_token"], body.get("allowed_updates", [])
            return _ok(True)
        return _ok({"url": self.webhook, "pending_update_count": 0, "allowed_updates": self.allowed})

    def _say(self, method: str, body: dict[str, Any]) -> Response:
        person = str(body["chat_id"])
        if "rate_limit" in self.faults.on:
            return _error(429, "Too Many Requests: retry after 3", retry_after=3)
        if person not in self._people:
            return _error(400, "Bad Request: chat not found")
        if person in self.blocked:
            return _error(403, "Forbidden: bot was blocked by the user")
        if method == "sendChatAction":
            if body["action"] not in ACTIONS:
                return _error(400, "Bad Request: wrong parameter action")
            self.actions.append((person, body["action"]))
            return _ok(True)
        text, media = body.get("text", ""), body.get(MEDIA.get(method, ""))
        if method == "sendMessage" and not text.strip():
            return _error(400, "Bad Request: message text is empty")
        if len(text.encode("utf-16-le")) // 2 > TEXT_CHARS:
            return _error(400, "Bad Request: message is too long")
        message = SentMessage(self._next_id(), person, text, media, self.clock())
        self.messages.append(message)
        return _ok({"message_id": message.message_id, "chat": {"id": int(person)}, "date": int(message.at)})

    def _next_id(self) -> int:
        self._last_id += 1
        return self._last_id

    async def write(self, text: str, *, person: str, **fields: Any) -> int:
        """Let a person write to the bot; return the status of the receiver's answer."""
        self._people.add(person)
        message = {
            "message_id": self._next_id(),
            "from": {"id": int(person), "is_bot": False, "first_name": "Ana", "last_name": "Demo"},
            "chat": {"id": int(person), "type": "private", "first_name": "Ana"},
            "date": int(self.clock()),
            **({"text": text} if text else {}),
            **fields,
        }
        return await self.update(message=message)

    async def send_photo(self, content: bytes, *, person: str) -> int:
        """Let a person send a picture."""
        name = f"photo{len(self.files)}"
        self.files[name] = content
        return await self.write("", person=person, photo=[{"file_id": "small"}, {"file_id": name}])

    async def update(self, **kinds: Any) -> int:
        """Post an update, as Telegram does."""
        headers = {"Content-Type": "application/json", "X-Telegram-Bot-Api-Secret-Token": self.secret}
        body = json.dumps({"update_id": self._next_id(), **kinds}).encode()
        return await self.outgoing.post(self.webhook, headers, body) if self.webhook else 0

    async def _file(self, request: Request) -> Response:
        name = request.path_params["path"].removeprefix("photos/").removesuffix(".jpg")
        if request.path_params["token"] != self.token or name not in self.files:
            return _error(404, "Not Found")
        return Response(self.files[name], media_type="application/octet-stream")


def _ok(result: object) -> Response:
    return JSONResponse({"ok": True, "result": result})


def _error(code: int, description: str, **parameters: int) -> Response:
    more = {"parameters": parameters} if parameters else {}
    return JSONResponse({"ok": False, "error_code": code, "description": description, **more}, code)
