"""The state of one connection, without any I/O: hello first, limits, one answer per command, deadlines.

Time is an argument: seconds of any monotonic clock. The driver calls `receive` for every frame, `opened` after a good
hello, `answered` after each answer, and `check` whenever `deadline` has passed.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from enum import Enum

from realtime.protocol.close_codes import CloseCode
from realtime.protocol.codec import decode_staff, decode_visitor
from realtime.protocol.commands import (
    STAFF_ONLY,
    VISITOR_ONLY,
    AgentHello,
    Command,
    Hello,
    MessageSend,
    NoteAdd,
    VisitorHello,
)
from realtime.protocol.errors import BadFrameError, CloseError, RefusedError

HELLO_TIMEOUT_S = 10.0
BAD_FRAMES_PER_MINUTE = 20
MAX_PENDING = 64  # commands received and not yet answered


class State(Enum):
    """Where a connection is in its life."""

    NEW = "waiting for hello"
    GREETED = "hello received, not yet answered"
    OPEN = "open"
    CLOSED = "closed"


@dataclass(slots=True)
class TokenBucket:
    """At most `per_minute` at once and per minute on average."""

    per_minute: int
    tokens: float
    at: float

    def take(self, now: float) -> float:
        """Take one and return 0, or return the seconds until there is one."""
        self.tokens = min(self.per_minute, self.tokens + max(0.0, now - self.at) * self.per_minute / 60)
        self.at = now
        if self.tokens < 1:
            return (1 - self.tokens) * 60 / self.per_minute
        self.tokens -= 1
        return 0.0


@dataclass(slots=True)
class Connection:
    """One connection of a visitor or of staff; see the module for the order of calls."""

    staff: bool
    started_at: float
    commands_per_minute: int = 120
    message_chars: int = 4000
    hello_timeout_s: float = HELLO_TIMEOUT_S
    state: State = field(default=State.NEW, init=False)
    pending: int = field(default=0, init=False)
    expires_at: float | None = field(default=None, init=False)
    _bad: list[float] = field(default_factory=list, init=False)
    _bucket: TokenBucket = field(init=False)
    _decode: Callable[[str], Hello | Command] = field(init=False)

    def __post_init__(self) -> None:
        self._bucket = TokenBucket(self.commands_per_minute, self.commands_per_minute, self.started_at)
        self._decode = decode_staff if self.staff else decode_visitor

    @property
    def deadline(self) -> float | None:
        """When `check` must be called next, None when nothing is due."""
        return self.started_at + self.hello_timeout_s if self.state is State.NEW else self.expires_at

    def receive(self, text: str, now: float) -> Hello | Command:
        """Take one frame; the caller carries the command out and calls `answered` once.

        Raises: RefusedError (answer with `error`, nothing else follows); CloseError (close, after its error).
        """
        if self.state is State.CLOSED:
            raise CloseError(CloseCode.PROTOCOL, "expected an open connection, it is closed")
        try:
            command = self._decode(text)
            self._check_order(command)
        except BadFrameError as error:
            self._count_bad(error, now)
            raise
        if isinstance(command, VisitorHello | AgentHello):
            self.state = State.GREETED
        else:
            self._check_allowed(command, now)
        self.pending += 1
        return command

    def receive_binary(self, now: float) -> None:
        """Refuse a binary frame: raises as `receive`."""
        error = BadFrameError("bad_frame", "expected a text frame, got a binary one")
        self._count_bad(error, now)
        raise error

    def opened(self, expires_at: float | None) -> None:
        """The hello was good; the session ends at `expires_at` unless it is extended."""
        if self.state is not State.GREETED:
            raise ValueError(f"expected a connection {State.GREETED.value}, it is {self.state.value}")
        self.state = State.OPEN
        self.expires_at = expires_at

    def extended(self, expires_at: float | None) -> None:
        """A newer token was accepted."""
        self.expires_at = expires_at

    def answered(self) -> None:
        """One ack or error was sent for a received command."""
        if self.pending < 1:
            raise ValueError("expected a command that waits for its answer, there is none")
        self.pending -= 1

    def closed(self) -> None:
        """The connection is gone or going."""
        self.state = State.CLOSED

    def check(self, now: float) -> None:
        """Raise CloseError when the hello did not come in time or the session ended."""
        deadline = self.deadline
        if deadline is None or now < deadline or self.state is State.CLOSED:
            return
        if self.state is State.NEW:
            raise CloseError(CloseCode.PROTOCOL, f"no hello within {self.hello_timeout_s:g} s")
        raise CloseError(CloseCode.UNAUTHORIZED, "the session has expired")

    def _check_order(self, command: Hello | Command) -> None:
        is_hello = isinstance(command, VisitorHello | AgentHello)
        if is_hello and self.state is not State.NEW:
            raise BadFrameError("bad_frame", "expected a command, hello was said before", request_id=command.id)
        if not is_hello and self.state is State.NEW:
            raise BadFrameError("unauthorized", "expected hello first", request_id=command.id)

    def _check_allowed(self, command: Command, now: float) -> None:
        if wait := self._bucket.take(now):
            raise RefusedError(
                "rate_limited",
                f"at most {self.commands_per_minute} commands a minute",
                request_id=command.id,
                retry_after_ms=int(wait * 1000) + 1,
            )
        if self.pending >= MAX_PENDING:
            raise RefusedError(
                "rate_limited", f"{MAX_PENDING} commands wait already", request_id=command.id, retry_after_ms=1000
            )
        if isinstance(command, VISITOR_ONLY if self.staff else STAFF_ONLY):
            who = "visitors" if self.staff else "staff"
            raise RefusedError("forbidden", f"this command is for {who}", request_id=command.id)
        if isinstance(command, MessageSend | NoteAdd):
            self._check_text(command)

    def _check_text(self, command: MessageSend | NoteAdd) -> None:
        if len(command.text) > self.message_chars:
            raise RefusedError(
                "too_large",
                f"`text` has at most {self.message_chars} characters, got {len(command.text)}",
                request_id=command.id,
            )
        has_files = isinstance(command, MessageSend) and bool(command.attachments)
        if not command.text.strip() and not has_files:
            raise RefusedError("bad_frame", "`text` is empty", request_id=command.id)

    def _count_bad(self, error: BadFrameError, now: float) -> None:
        """Raise CloseError when this was the last bad frame that a minute allows."""
        self._bad.append(now)
        while self._bad[0] <= now - 60:
            self._bad.pop(0)
        if len(self._bad) >= BAD_FRAMES_PER_MINUTE:
            raise CloseError(
                CloseCode.PROTOCOL, f"{BAD_FRAMES_PER_MINUTE} bad frames in a minute", error=error
            ) from error
