"""Errors of the product. Each says what was wrong, about which thing, and what to do.

Refused commands are realtime.ports.CommandError, which has the wire's codes; refused requests app.api.problem.Problem.
"""

from __future__ import annotations


class AssistifyError(Exception):
    """Base of the errors that a command prints for whoever runs it."""


class ConfigurationError(AssistifyError):
    """Settings, files or services are not as they must be; the text says how to mend it."""
