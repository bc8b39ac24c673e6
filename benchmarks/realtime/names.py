"""What generator, publisher and server must agree on."""

from __future__ import annotations

from uuid import UUID

LOG = "bench"
VISITOR_TOKEN = "visitor"
STAFF_TOKEN = "staff"
TEXT_BYTES = 16  # of a delta: the time in nanoseconds, as wsload.c reads it
CONVERSATION = "00000000-0000-7000-8000-%012d"


def conversation_of(group: int) -> UUID:
    """Return the conversation of a group; wsload.c makes the same from `%012d`."""
    return UUID(CONVERSATION % group)


def hello(kind: str, *, resumes: bool = True) -> str:
    """Return the template of a client's hello, which resumes the conversation of its group, or nothing."""
    who = '"widget_key":"bench",' if kind == VISITOR_TOKEN else ""
    resume = f'{{"conversation":"{CONVERSATION}","log":"{LOG}","seq":0}}' if resumes else ""
    return f'{{"type":"hello","id":"h",{who}"token":"{kind}-%d","resume":[{resume}]}}'
