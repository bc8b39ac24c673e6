"""A client of the wire that nobody tuned to this server: it follows protocol.md's rules and fails on any breach."""

from __future__ import annotations

import asyncio
import itertools
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed
from websockets.typing import Subprotocol

from tests.integration.realtime.shop import WIDGET_KEY

Wire = dict[str, Any]
WAIT_S = 30.0


@dataclass
class View:
    """One conversation as this client knows it."""

    seq: int = 0
    log: str = ""
    epoch: int = 0
    texts: dict[str, bytes] = field(default_factory=dict)  # replies in progress
    messages: dict[str, str] = field(default_factory=dict)
    events: list[Wire] = field(default_factory=list)
    resyncs: int = 0

    def cursor(self, conversation: str) -> Wire:
        live = None
        if self.texts:
            message, text = next(reversed(self.texts.items()))
            live = {"message": message, "to": len(text)}
        return {"conversation": conversation, "log": self.log, "seq": self.seq, "live": live}

    def take(self, answer: Wire) -> None:
        """Apply a snapshot or resume answer."""
        if answer["resumed"]:
            for event in answer["events"]:
                self.event(event)
        else:
            snapshot = answer["snapshot"]
            self.seq, self.log, self.epoch = snapshot["seq"], snapshot["log"], snapshot["epoch"]
            self.messages = {message["id"]: message["text"] for message in snapshot["messages"]}
            self.texts.clear()
        live = answer["live"] if answer["resumed"] else answer["snapshot"]["live"]
        if live is not None:
            self.live(live, replace=live["from"] == 0)

    def event(self, event: Wire) -> None:
        if event["seq"] <= self.seq:
            return
        assert event["seq"] == self.seq + 1, f"gap: {self.seq} then {event['seq']}"
        self.seq = event["seq"]
        self.events.append(event)
        if event["type"] == "message.created":
            message = event["message"]
            self.messages[message["id"]] = message["text"]
            self.texts.pop(message["id"], None)
        elif event["type"] == "control.changed":
            self.epoch = event["epoch"]
            self.texts.clear()
            if event.get("cut"):
                self.messages[event["cut"]["message"]] = event["cut"]["text"]

    def live(self, delta: Wire, *, replace: bool = False) -> None:
        assert delta["epoch"] >= self.epoch, "a live frame of an older epoch"
        assert delta["message"] not in self.messages, "a live frame of a reply that has ended"
        held = b"" if replace else self.texts.get(delta["message"], b"")
        assert delta["from"] == len(held), f"holds {len(held)}, got a delta from {delta['from']}"
        text = held + delta["text"].encode()
        assert delta["to"] == len(text)
        self.texts[delta["message"]] = text


class Client:
    """One socket. Frames are applied to `views` as they come; answers are returned by `command`."""

    def __init__(self, socket: ClientConnection) -> None:
        self.socket = socket
        self.views: dict[str, View] = {}
        self.frames: list[Wire] = []
        self.welcome: Wire = {}
        self.close_code: int | None = None
        self._ids = itertools.count(1)
        self._answers: dict[str, asyncio.Future[Wire]] = {}
        self._watching: dict[str, str] = {}
        self._changed = asyncio.Event()
        self._error: BaseException | None = None
        self._task = asyncio.create_task(self._read())

    async def command(self, kind: str, **fields: Any) -> Wire:
        """Send a command and return its ack or error."""
        request_id = str(next(self._ids))
        answer = self._answers[request_id] = asyncio.get_running_loop().create_future()
        await self.socket.send(json.dumps({"type": kind, "id": request_id, **fields}))
        return await asyncio.wait_for(answer, WAIT_S)

    async def ack(self, kind: str, **fields: Any) -> Wire:
        answer = await self.command(kind, **fields)
        assert answer["type"] in ("ack", "welcome"), answer
        return answer

    async def hello_visitor(self, token: str | None = None, resume: list[Wire] | None = None) -> Wire:
        self.welcome = await self.ack("hello", widget_key=WIDGET_KEY, token=token, resume=resume or [])
        return self.welcome

    async def hello_staff(self, token: str, resume: list[Wire] | None = None) -> Wire:
        self.welcome = await self.ack("hello", token=token, resume=resume or [])
        return self.welcome

    async def open(self) -> str:
        conversation: str = (await self.ack("conversation.open"))["conversation"]["id"]
        return conversation

    async def watch(self, conversation: str, **fields: Any) -> Wire:
        return await self.ack("conversation.watch", conversation=conversation, **fields)

    async def until(self, condition: Callable[[], object]) -> None:
        """Wait until frames have made `condition` true."""
        async with asyncio.timeout(WAIT_S):
            while not condition():
                if self._error is not None:
                    raise self._error
                self._changed.clear()
                await self._changed.wait()

    async def until_frame(self, kind: str, count: int = 1) -> list[Wire]:
        await self.until(lambda: len(self.of(kind)) >= count)
        return self.of(kind)

    async def until_closed(self) -> int:
        await self.until(lambda: self.close_code is not None)
        assert self.close_code is not None
        return self.close_code

    def of(self, kind: str) -> list[Wire]:
        return [frame for frame in self.frames if frame["type"] == kind]

    async def close(self) -> None:
        await self.socket.close()
        await self._task
        if self._error is not None:
            raise self._error

    async def _read(self) -> None:
        try:
            async for data in self.socket:
                assert isinstance(data, str)
                self._apply(json.loads(data))
                self._changed.set()
        except ConnectionClosed:
            pass
        except BaseException as error:
            self._error = error
        finally:
            self.close_code = self.socket.close_code
            self._changed.set()

    def _apply(self, frame: Wire) -> None:
        self.frames.append(frame)
        kind = frame["type"]
        if kind == "welcome":
            for answer in frame["conversations"]:
                if answer.get("error") is None:
                    self._view(answer["conversation"]).take(answer)
        elif kind == "ack":
            self._apply_ack(frame)
        elif "conversation" in frame:
            self._apply_traffic(frame, self._view(frame["conversation"]))
        if frame.get("id") in self._answers and kind in ("ack", "error", "welcome"):
            self._answers.pop(frame["id"]).set_result(frame)

    def _apply_ack(self, frame: Wire) -> None:
        if isinstance(frame.get("conversation"), dict):
            snapshot = frame["conversation"]
            self._view(snapshot["id"]).take({"resumed": False, "snapshot": snapshot})
        elif "resumed" in frame:
            self._view(frame["conversation"]).take(frame)

    def _apply_traffic(self, frame: Wire, view: View) -> None:
        match frame["type"]:
            case "resync":
                view.resyncs += 1
            case "reply.started":
                view.texts.setdefault(frame["message"], b"")
            case "reply.delta":
                view.live(frame)
            case _ if "seq" in frame:
                view.event(frame)

    def _view(self, conversation: str) -> View:
        return self.views.setdefault(conversation, View())


@asynccontextmanager
async def client(url: str, **options: Any) -> AsyncIterator[Client]:
    """Connect with the subprotocol; at the end every rule must have held."""
    options.setdefault("subprotocols", [Subprotocol("assistify.v1")])
    async with connect(url, compression=None, ping_interval=None, **options) as socket:
        one = Client(socket)
        try:
            yield one
        finally:
            await one.close()
