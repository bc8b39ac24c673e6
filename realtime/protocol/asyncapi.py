"""The wire as an AsyncAPI 3 document: `python -m realtime.protocol.asyncapi > docs/asyncapi.json`."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from typing import Any

from realtime.protocol.answers import PROTOCOL_VERSION
from realtime.protocol.close_codes import CloseCode
from realtime.protocol.schema import (
    ANSWERS,
    EVENTS,
    LIVE_FRAMES,
    STAFF_COMMANDS,
    VISITOR_COMMANDS,
    Schema,
    components,
    tag_of,
)

_SERVER_FRAMES: tuple[type, ...] = (*ANSWERS, *EVENTS, *LIVE_FRAMES)


def generate() -> str:
    """Return the document as JSON (https://www.asyncapi.com/docs/reference/specification/v3.0.0)."""
    structs = dict.fromkeys((*VISITOR_COMMANDS, *STAFF_COMMANDS, *_SERVER_FRAMES))
    document = {
        "asyncapi": "3.0.0",
        "info": {
            "title": "Assistify sessions",
            "version": f"{PROTOCOL_VERSION}.0.0",
            "description": _description(),
        },
        "defaultContentType": "application/json",
        "channels": {
            "chat": _channel("/ws/chat", "Visitors of a shop.", VISITOR_COMMANDS),
            "agent": _channel("/ws/agent", "Staff of a shop.", STAFF_COMMANDS),
        },
        "operations": {
            "visitorSends": _operation("receive", "chat", VISITOR_COMMANDS),
            "visitorReceives": _operation("send", "chat", _SERVER_FRAMES),
            "staffSends": _operation("receive", "agent", STAFF_COMMANDS),
            "staffReceives": _operation("send", "agent", _SERVER_FRAMES),
        },
        "components": {
            "messages": {struct.__name__: _message(struct) for struct in structs},
            "schemas": components("#/components/schemas/{name}"),
        },
    }
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"


def _description() -> str:
    codes = ", ".join(f"{code.value} {code.name.lower().replace('_', ' ')}" for code in CloseCode)
    return (
        "One JSON object per text frame, subprotocol assistify.v1. The first frame is hello; every command gets one "
        f"ack or one error with its id. Close codes: {codes}; below 4500 the client reconnects. "
        "Where WebSockets are blocked, visitors say hello by POST /sse/chat (its ack holds the token), get frames "
        "by GET /sse/chat (server-sent events; Authorization: Bearer TOKEN, Assistify-Resume: JSON of resume) and "
        "send each command by POST /sse/chat (Authorization as before, Assistify-Connection: welcome.connection), "
        "which answers it; the last frame of a stream is close, with the code."
    )


def _channel(address: str, description: str, commands: Sequence[type]) -> dict[str, Any]:
    return {
        "address": address,
        "description": description,
        "messages": {
            struct.__name__: {"$ref": f"#/components/messages/{struct.__name__}"}
            for struct in (*commands, *_SERVER_FRAMES)
        },
        "bindings": {"ws": {"method": "GET"}},
    }


def _operation(action: str, channel: str, structs: Sequence[type]) -> dict[str, Any]:
    return {
        "action": action,
        "channel": {"$ref": f"#/channels/{channel}"},
        "messages": [{"$ref": f"#/channels/{channel}/messages/{struct.__name__}"} for struct in structs],
    }


def _message(struct: type) -> Schema:
    return {
        "name": tag_of(struct),
        "summary": (struct.__doc__ or "").strip(),
        "payload": {"$ref": f"#/components/schemas/{struct.__name__}"},
    }


if __name__ == "__main__":
    sys.stdout.write(generate())
