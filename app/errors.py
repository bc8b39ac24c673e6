"""Errors of the product. Each says what was wrong, about which thing, and what to do.

AssistifyError
├── ConfigurationError   the environment or a file is wrong: the process cannot start
├── RefusedError         a caller asked for something that is not allowed now (has a wire code)
└── (each area's own)    beside the code that raises it
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


class AssistifyError(Exception):
    """Base of all errors that are ours."""


class ConfigurationError(AssistifyError):
    """Settings, files or services are not as they must be; the text says how to mend it."""


class RefusedError(AssistifyError):
    """A request that is refused; `code` is one of protocol.md's error codes."""

    code = "conflict"

    def __init__(
        self, message: str, *, code: str | None = None, retry_after_ms: int | None = None, **fields: Any
    ) -> None:
        super().__init__(message)
        self.message = message
        self.code = code or type(self).code
        self.retry_after_ms = retry_after_ms
        self.fields: Mapping[str, Any] = fields
