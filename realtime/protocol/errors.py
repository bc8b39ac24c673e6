"""Errors of the protocol core.

ProtocolError
├── BadFrameError      a client frame that is no command; answered with `error`, counted
├── RefusedError       a command that may not be carried out now; answered with `error`, not counted
└── CloseError         the connection must end with a close code
"""

from __future__ import annotations

from realtime.protocol.close_codes import CloseCode


class ProtocolError(Exception):
    """Base of what the protocol core raises."""


class RefusedError(ProtocolError):
    """A well-formed command that is refused: becomes an `error` frame with the command's id."""

    def __init__(
        self, code: str, message: str, *, request_id: str | None = None, retry_after_ms: int | None = None
    ) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.request_id = request_id
        self.retry_after_ms = retry_after_ms


class BadFrameError(RefusedError):
    """A frame that is no command of this protocol; 20 of them in a minute close the socket."""


class CloseError(ProtocolError):
    """The connection must be closed with `code`; `error` is sent before, when there is one."""

    def __init__(self, code: CloseCode, reason: str, *, error: RefusedError | None = None) -> None:
        super().__init__(reason)
        self.code = code
        self.reason = reason
        self.error = error
