"""Logging of unexpected errors without their message: a database's error repeats the text it was given."""

from __future__ import annotations

import logging
import traceback


def log_failure(logger: logging.Logger, what: str, action: str, error: BaseException) -> None:
    """Log where an error came from and of what type it is, and that of its causes."""
    causes: list[str] = []
    cause: BaseException | None = error
    while cause is not None and len(causes) < 5:
        causes.append(type(cause).__name__)
        cause = cause.__cause__ or cause.__context__
    trace = "".join(traceback.format_tb(error.__traceback__))
    logger.error("%s: %s\n%s", what, " from ".join(causes), trace, extra={"action": action})
