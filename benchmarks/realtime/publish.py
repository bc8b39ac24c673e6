"""Publishes at a set rate, round robin over the groups; the time is taken as each message is built.

Run: python -m benchmarks.realtime.publish KIND REDIS_PORT GROUPS RATE SECONDS

KIND is the wire format of the library that the server listens with, written here so that no library's publisher is
what is measured. Commands are pipelined on one socket. `append` is no format but the product's own fenced append.
Prints one JSON line: how many were sent, the rate kept, and how many were refused.
"""

from __future__ import annotations

import asyncio
import json
import socket
import struct
import sys
import time
from collections.abc import Callable
from uuid import uuid4

import uvloop

from benchmarks.realtime.names import TEXT_BYTES, conversation_of
from realtime.bus.frame import encode_frame
from realtime.bus.redis import channel_of
from realtime.bus.topic import conversation_topic
from realtime.live_reply.redis import RedisLiveReply
from realtime.protocol.events import ReplyDelta, ReplyStarted, delta_frame, started_frame

BATCH = 400  # messages built before the socket is looked at
OUT_BYTES = 1 << 16  # not taken by the server: wait
Encode = Callable[[int, int], bytes]
"""Called with group and number (from 1); returns a whole PUBLISH command."""


def _bulk(*arguments: bytes) -> bytes:
    head = b"*%d\r\n" % len(arguments)
    return head + b"".join(b"$%d\r\n%b\r\n" % (len(argument), argument) for argument in arguments)


def _payload(group: int, seq: int) -> bytes:
    """Return the message that the peers carry: 120 to 130 bytes of JSON."""
    return (
        b'{"type":"token","conversation":"c%d","message":"m-00000%d","seq":%d,'
        b'"author":"assistant","text":" shipping","t":%d}' % (group, group, seq, time.monotonic_ns())
    )


def _packed_string(data: bytes) -> bytes:
    """Return MessagePack of a string."""
    size = len(data)
    if size < 32:
        return bytes((0xA0 | size,)) + data
    return (b"\xd9" + bytes((size,)) if size < 256 else b"\xda" + struct.pack(">H", size)) + data


def _packed_map(fields: dict[bytes, bytes | int]) -> bytes:
    """Return MessagePack of a small map."""
    out = bytes((0x80 | len(fields),))
    for name, value in fields.items():
        packed = b"\xcf" + struct.pack(">Q", value) if isinstance(value, int) else _packed_string(value)
        out += _packed_string(name) + packed
    return out


def channels(group: int, seq: int) -> bytes:
    """Return what `group_send` of channels_redis' pub/sub layer writes."""
    body = _packed_map({b"type": b"chat.token", b"text": _payload(group, seq)})
    return _bulk(b"PUBLISH", b"asgi__group__g%d" % group, body)


def socketio(group: int, seq: int) -> bytes:
    """Return what @socket.io/redis-emitter writes for `to(room).emit`."""
    token: dict[bytes, bytes | int] = {
        b"type": b"token",
        b"conversation": b"c%d" % group,
        b"message": b"m-00000%d" % group,
        b"seq": seq,
        b"author": b"assistant",
        b"text": b" shipping",
        b"t": time.monotonic_ns(),
    }
    data = b"\x92" + _packed_string(b"token") + _packed_map(token)
    packet = b"\x83" + _packed_string(b"type") + b"\x02" + _packed_string(b"data") + data
    packet += _packed_string(b"nsp") + _packed_string(b"/")
    options = b"\x83" + _packed_string(b"rooms") + b"\x91" + _packed_string(b"g%d" % group)
    options += _packed_string(b"flags") + b"\x80" + _packed_string(b"except") + b"\x90"
    body = b"\x93" + _packed_string(b"emitter") + packet + options
    return _bulk(b"PUBLISH", b"socket.io#/#g%d#" % group, body)


def python_socketio(group: int, seq: int) -> bytes:
    """Return what python-socketio's AsyncRedisManager(write_only=True).emit writes."""
    body = (
        b'{"method":"emit","event":"token","data":[%b],"binary":false,"namespace":"/","room":"g%d",'
        b'"skip_sid":null,"callback":null,"host_id":"bench"}' % (_payload(group, seq), group)
    )
    return _bulk(b"PUBLISH", b"socketio", body)


class Assistify:
    """Deltas of one reply per group, in frames of the bus; `started` begins the replies."""

    def __init__(self, groups: int) -> None:
        self._replies = [uuid4() for _ in range(groups)]
        self._templates = [self._template(group) for group in range(groups)]

    def started(self, group: int) -> bytes:
        """Return the PUBLISH that begins a group's reply."""
        conversation = conversation_of(group)
        begin = ReplyStarted(conversation=conversation, message=self._replies[group], epoch=0)
        return _bulk(b"PUBLISH", channel_of(conversation_topic(conversation)), encode_frame(started_frame(begin, 1)))

    def __call__(self, group: int, seq: int) -> bytes:
        prefix, body, channel = self._templates[group]
        start = (seq - 1) * TEXT_BYTES
        end = start + TEXT_BYTES
        text = body % (start, end, time.monotonic_ns())
        return b"%b$%d\r\n%b%b%b\r\n" % (
            channel,
            len(prefix) + 8 + len(text),
            prefix,
            struct.pack(">II", start, end),
            text,
        )

    def _template(self, group: int) -> tuple[bytes, bytes, bytes]:
        """Return the bytes of a frame up to its range, the body with three holes, and the command up to the frame."""
        conversation = conversation_of(group)
        empty = ReplyDelta(conversation=conversation, message=self._replies[group], epoch=0, start=7, end=8, text="9")
        frame = delta_frame(empty, 1)
        body = frame.body.replace(b'"from":7,"to":8,"text":"9"', b'"from":%%d,"to":%%d,"text":"%%0%dd"' % TEXT_BYTES)
        channel = channel_of(conversation_topic(conversation))
        command = b"*3\r\n$7\r\nPUBLISH\r\n$%d\r\n%b\r\n" % (len(channel), channel)
        return encode_frame(frame)[: -len(frame.body) - 8], body, command


class _Link:
    """A socket to Redis: bytes to write, answers to count."""

    def __init__(self, port: int) -> None:
        self._socket = socket.create_connection(("127.0.0.1", port))
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._socket.setblocking(False)
        self._rest = b""
        self.out = bytearray()
        self.answers = self.refused = 0

    def pump(self) -> None:
        """Write and read what goes without waiting."""
        try:
            if self.out:
                del self.out[: self._socket.send(self.out)]
            data = self._socket.recv(1 << 18)
        except BlockingIOError:
            return
        if not data:
            raise ConnectionResetError("the server closed the connection")
        *lines, self._rest = (self._rest + data).split(b"\r\n")
        self.answers += len(lines)
        self.refused += sum(1 for line in lines if line[:1] != b":")


def publish(link: _Link, encode: Encode, groups: int, rate: float, seconds: float) -> tuple[int, float]:
    """Publish; return how many were sent and how long it took. Stops at one and a half times the time."""
    total, sent = int(rate * seconds), 0
    begin = time.monotonic()
    while sent < total and time.monotonic() < begin + seconds * 1.5 + 1:
        due = min(total, int((time.monotonic() - begin) * rate) + 1)
        if len(link.out) < OUT_BYTES:
            for number in range(sent, min(due, sent + BATCH)):
                link.out += encode(number % groups, number // groups + 1)
                sent += 1
        link.pump()
        pause = begin + (sent + 1) / rate - time.monotonic()
        if sent < total and not link.out and pause > 0:
            time.sleep(min(max(pause, 0.001), 0.05))
    return sent, time.monotonic() - begin


def _drain(link: _Link, answers: int) -> None:
    end = time.monotonic() + 10
    while (link.out or link.answers < answers) and time.monotonic() < end:
        link.pump()
        time.sleep(0.001)


async def append(port: int, groups: int, rate: float, seconds: float) -> tuple[int, float]:
    """Append to one live reply per group as a worker does; return how many were appended and how long it took."""
    live = RedisLiveReply(f"redis://127.0.0.1:{port}/0", timeout_s=5)
    replies = [(conversation_of(group), uuid4()) for group in range(groups)]
    attempt = time.time_ns() % 2**31  # above that of an earlier run
    tails = [asyncio.get_running_loop().create_future() for _ in range(groups)]
    try:
        for group, (conversation, message) in enumerate(replies):
            await live.begin(conversation, message, 0, attempt)
            tails[group].set_result(0)

        async def one(group: int, before: asyncio.Future[int], after: asyncio.Future[int]) -> None:
            conversation, message = replies[group]
            text = f"{time.monotonic_ns():0{TEXT_BYTES}d}"
            start = await before
            after.set_result(await live.append(conversation, message, 0, attempt, start=start, text=text, ids=(7,)))

        begin, total = time.monotonic(), int(rate * seconds)
        async with asyncio.TaskGroup() as tasks:
            for number in range(total):
                await asyncio.sleep(max(0.0, begin + number / rate - time.monotonic()))
                group = number % groups
                before, tails[group] = tails[group], asyncio.get_running_loop().create_future()
                tasks.create_task(one(group, before, tails[group]))
        return total, time.monotonic() - begin
    finally:
        await live.aclose()


def main(kind: str, port: int, groups: int, rate: float, seconds: float) -> None:
    """Publish and print the outcome."""
    if kind == "append":
        sent, took = uvloop.run(append(port, groups, rate, seconds))
        cpu_s = time.process_time()
        print(json.dumps({"sent": sent, "seconds": took, "rate": sent / took, "refused": 0, "cpu_s": cpu_s}))
        return
    link = _Link(port)
    encode: Encode
    begun = 0
    if kind == "assistify":
        encode = own = Assistify(groups)
        for group in range(groups):
            link.out += own.started(group)
        begun = groups
        _drain(link, begun)
        time.sleep(0.3)
    else:
        encode = {"channels": channels, "socketio": socketio, "python-socketio": python_socketio}[kind]
    before = time.process_time()
    sent, took = publish(link, encode, groups, rate, seconds)
    _drain(link, sent + begun)
    cpu_s = time.process_time() - before
    print(json.dumps({"sent": sent, "seconds": took, "rate": sent / took, "refused": link.refused, "cpu_s": cpu_s}))


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), float(sys.argv[4]), float(sys.argv[5]))
