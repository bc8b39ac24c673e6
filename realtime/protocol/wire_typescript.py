"""TypeScript types of the wire: `python -m realtime.protocol.wire_typescript > web/src/wire/wire.gen.ts`."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterable, Sequence
from typing import get_args

from realtime.protocol.answers import ACKS, HEARTBEAT_S, PROTOCOL_VERSION, ErrorCode
from realtime.protocol.close_codes import CloseCode
from realtime.protocol.schema import (
    ACK_TYPES,
    COMMANDS,
    EVENTS,
    LIVE_FRAMES,
    STAFF_COMMANDS,
    VISITOR_COMMANDS,
    Schema,
    components,
    tag_of,
)

_HEADER = "// Made by `make wire` from realtime/protocol. Do not edit.\n"
_IDENTIFIER = re.compile(r"[A-Za-z_$][A-Za-z0-9_$]*\Z")
_PRIMITIVES = {"string": "string", "integer": "number", "number": "number", "boolean": "boolean", "null": "null"}


def generate() -> str:
    """Return the whole TypeScript module."""
    parts = [_HEADER]
    parts += [_interface(name, schema) for name, schema in components("{name}").items()]
    parts.append(_union("VisitorCommand", VISITOR_COMMANDS))
    parts.append(_union("StaffCommand", STAFF_COMMANDS))
    parts.append("export type Command = VisitorCommand | StaffCommand;\n")
    parts.append(_union("LoggedEvent", EVENTS))
    parts.append(_union("LiveFrame", LIVE_FRAMES))
    parts.append(_union("AnyAck", ACK_TYPES))
    parts.append("export type ServerFrame = Welcome | ErrorFrame | AnyAck | LoggedEvent | LiveFrame;\n")
    parts.append(_acks())
    parts.append(_constants())
    return "\n".join(parts)


def type_of(schema: Schema) -> str:
    """Return the TypeScript type of one JSON Schema node."""
    if "$ref" in schema:
        return str(schema["$ref"])
    if "enum" in schema:
        return " | ".join(json.dumps(value) for value in schema["enum"])
    if "const" in schema:
        return json.dumps(schema["const"])
    if "anyOf" in schema:
        return " | ".join(dict.fromkeys(type_of(option) for option in schema["anyOf"]))
    if schema.get("type") == "array":
        item = type_of(schema.get("items", {}))
        return f"({item})[]" if "|" in item else f"{item}[]"
    return _PRIMITIVES.get(schema.get("type", ""), "unknown")


def _interface(name: str, schema: Schema) -> str:
    lines = []
    if description := schema.get("description"):
        lines.append(f"/** {description} */")
    lines.append(f"export interface {name} {{")
    required = set(schema.get("required", ()))
    for field, node in schema["properties"].items():
        key = field if _IDENTIFIER.match(field) else json.dumps(field)
        lines.append(f"  {key}{'' if field in required else '?'}: {type_of(node)};")
    lines.append("}\n")
    return "\n".join(lines)


def _union(name: str, structs: Iterable[type]) -> str:
    return f"export type {name} =\n" + "\n".join(f"  | {struct.__name__}" for struct in structs) + ";\n"


def _acks() -> str:
    lines = ["/** The acknowledgement of each command. */", "export interface AckOf {"]
    for command in COMMANDS:
        tag = tag_of(command)
        names = [ack.__name__ for ack in ACKS.get(tag, ())] or ["Ack"]
        lines.append(f"  {_key(tag)}: {' | '.join(names)};")
    return "\n".join([*lines, "}\n"])


def _constants() -> str:
    codes = [f"  {code.name}: {code.value}," for code in CloseCode]
    return "\n".join(
        [
            f"export const PROTOCOL_VERSION = {PROTOCOL_VERSION};",
            f"export const HEARTBEAT_S = {HEARTBEAT_S};",
            'export const SUBPROTOCOL = "assistify.v1";\n',
            "/** 4000-4499: reconnect; 4500-4999: final. */",
            "export const CLOSE = {",
            *codes,
            "} as const;\n",
            f"export type ErrorCode = {_literals(get_args(ErrorCode))};\n",
        ]
    )


def _key(tag: str) -> str:
    return tag if _IDENTIFIER.match(tag) else json.dumps(tag)


def _literals(values: Sequence[str]) -> str:
    return " | ".join(json.dumps(value) for value in values)


if __name__ == "__main__":
    sys.stdout.write(generate())
