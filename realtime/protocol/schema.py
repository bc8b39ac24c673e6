"""JSON Schema of everything on the wire, from the typed definitions."""

from __future__ import annotations

from typing import Any, get_args

import msgspec

from realtime.protocol.answers import ACKS, Ack, ErrorFrame, Restarted, Resumed, Welcome
from realtime.protocol.commands import STAFF_ONLY, VISITOR_ONLY, AgentHello, Command, VisitorHello
from realtime.protocol.events import (
    Drain,
    HiddenEvent,
    InboxChanged,
    LoggedEvent,
    Notification,
    Ping,
    PresenceChanged,
    ReplyDelta,
    ReplyStarted,
    Resync,
    StreamClosed,
    SuggestionDelta,
    SuggestionDone,
    TypingChanged,
)

Schema = dict[str, Any]

COMMANDS: tuple[type, ...] = get_args(Command)
VISITOR_COMMANDS = (VisitorHello, *(command for command in COMMANDS if command not in STAFF_ONLY))
STAFF_COMMANDS = (AgentHello, *(command for command in COMMANDS if command not in VISITOR_ONLY))
EVENTS: tuple[type, ...] = get_args(LoggedEvent)
LIVE_FRAMES: tuple[type, ...] = (
    HiddenEvent,
    ReplyStarted,
    ReplyDelta,
    TypingChanged,
    PresenceChanged,
    InboxChanged,
    Notification,
    SuggestionDelta,
    SuggestionDone,
    Drain,
    Resync,
    StreamClosed,
    Ping,
)
ACK_TYPES: tuple[type, ...] = (Ack, *dict.fromkeys(ack for acks in ACKS.values() for ack in acks))
ANSWERS: tuple[type, ...] = (Welcome, ErrorFrame, *ACK_TYPES)


def tag_of(struct: type) -> str:
    """Return the `type` that a struct has on the wire."""
    info = msgspec.inspect.type_info(struct)
    if not isinstance(info, msgspec.inspect.StructType) or not isinstance(info.tag, str):
        raise TypeError(f"{struct.__name__} has no tag")
    return info.tag


def components(ref_template: str) -> dict[str, Schema]:
    """Return the schema of every struct by class name; `ref_template` has one `{name}`."""
    structs = (VisitorHello, AgentHello, *COMMANDS, *EVENTS, *LIVE_FRAMES, *ANSWERS, Resumed, Restarted)
    _, found = msgspec.json.schema_components(structs, ref_template=ref_template)
    either = [{"$ref": ref_template.format(name=struct.__name__)} for struct in (Resumed, Restarted)]
    # The welcome is built from fields, as the events in it were encoded before: no schema can be read from those.
    found["Welcome"]["properties"]["conversations"]["items"] = {"anyOf": either}
    return {name: found[name] for name in sorted(found)}
