"""One client frame in, one typed command out, or an error that says what is wrong with it."""

from __future__ import annotations

import json
import re
from typing import Any

import msgspec

from realtime.protocol.commands import AgentHello, Command, Hello, VisitorHello
from realtime.protocol.errors import BadFrameError, RefusedError
from realtime.protocol.schema import COMMANDS, tag_of

MAX_FRAME_BYTES = 64 * 1024

_visitor: msgspec.json.Decoder[Hello | Command] = msgspec.json.Decoder(VisitorHello | Command)
_staff: msgspec.json.Decoder[Hello | Command] = msgspec.json.Decoder(AgentHello | Command)
_TYPES = frozenset({"hello", *(tag_of(command) for command in COMMANDS)})
# Ids are opaque to clients, so one of the wrong form is simply one that does not exist.
_UNKNOWN_ID = re.compile(r"Invalid UUID - at `\$\.(conversation|message|user|attachments\[\d+\])`")


class _Envelope(msgspec.Struct):
    id: Any = None
    type: Any = None


_envelope = msgspec.json.Decoder(_Envelope)


def decode_visitor(text: str) -> Hello | Command:
    """Decode a frame of /ws/chat.

    Raises: BadFrameError (bad_frame, too_large, unknown_type); RefusedError (not_found) for an id of the wrong form.
    """
    return _decode(_visitor, text)


def decode_staff(text: str) -> Hello | Command:
    """Decode a frame of /ws/agent; raises as decode_visitor."""
    return _decode(_staff, text)


def _decode(decoder: msgspec.json.Decoder[Hello | Command], text: str) -> Hello | Command:
    try:
        data = text.encode()
    except UnicodeEncodeError:
        raise BadFrameError("bad_frame", "the frame holds a lone surrogate") from None
    if len(data) > MAX_FRAME_BYTES:
        raise BadFrameError(
            "too_large", f"a frame has at most {MAX_FRAME_BYTES} bytes, got {len(data)}", request_id=request_id_of(data)
        )
    try:
        command = decoder.decode(data)
    except msgspec.ValidationError as error:
        raise _invalid(data, str(error)) from None
    except msgspec.DecodeError as error:
        raise _malformed(data, str(error)) from None
    except RecursionError:
        raise BadFrameError("bad_frame", "the JSON is nested too deeply") from None
    if b"\\u0000" in data:
        _refuse_nul(data, command.id)
    return command


def _invalid(data: bytes, reason: str) -> RefusedError:
    try:
        envelope = _envelope.decode(data)
    except (msgspec.MsgspecError, RecursionError):
        return BadFrameError("bad_frame", f"expected a command: {reason}")
    request_id = _as_request_id(envelope.id)
    if isinstance(envelope.type, str) and envelope.type not in _TYPES:
        return BadFrameError("unknown_type", f"unknown type {envelope.type[:64]!r}", request_id=request_id)
    if unknown := _UNKNOWN_ID.fullmatch(reason):
        return RefusedError("not_found", f"there is no such {unknown[1].split('[')[0]}", request_id=request_id)
    return BadFrameError("bad_frame", reason, request_id=request_id)


def _malformed(data: bytes, reason: str) -> BadFrameError:
    """Say what is wrong: the decoder rejects lone surrogates too, but calls them something else."""
    try:
        value = json.loads(data)
    except (ValueError, RecursionError):
        return BadFrameError("bad_frame", f"malformed JSON: {reason}")
    request_id = _as_request_id(value.get("id")) if isinstance(value, dict) else None
    for path, string in _strings(value):
        if any("\ud800" <= character <= "\udfff" for character in string):
            return BadFrameError("bad_frame", f"lone surrogate in `{path}`", request_id=request_id)
    return BadFrameError("bad_frame", f"malformed JSON: {reason}", request_id=request_id)


def _refuse_nul(data: bytes, request_id: str) -> None:
    """Raise when a string holds NUL, which PostgreSQL cannot store (an escaped backslash before u0000 is none)."""
    for path, string in _strings(json.loads(data)):
        if "\x00" in string:
            raise BadFrameError("bad_frame", f"NUL character in `{path}`", request_id=_as_request_id(request_id))


def _strings(value: Any) -> list[tuple[str, str]]:
    """Return every string of a JSON value, keys included, with its path."""
    found: list[tuple[str, str]] = []
    stack: list[tuple[str, Any]] = [("$", value)]
    while stack:
        path, node = stack.pop()
        if isinstance(node, str):
            found.append((path, node))
        elif isinstance(node, list):
            stack.extend((f"{path}[{index}]", item) for index, item in enumerate(node))
        elif isinstance(node, dict):
            found.extend((f"{path} (a key)", key) for key in node)
            stack.extend((f"{path}.{key}", item) for key, item in node.items())
    return found


def request_id_of(data: bytes) -> str | None:
    """Return the id of a frame that may be anything, None when it has none that can be sent back."""
    try:
        return _as_request_id(_envelope.decode(data).id)
    except (msgspec.MsgspecError, RecursionError):
        return None


def _as_request_id(value: object) -> str | None:
    """Return the id when it can be sent back as it came."""
    if not isinstance(value, str) or not 0 < len(value) <= 64:
        return None
    return value if value.isprintable() else None
