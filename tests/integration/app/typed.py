"""Commands as somebody types them, in this process."""

from __future__ import annotations

from typer.testing import CliRunner, Result

from app.cli import commands
from app.errors import AssistifyError


def run(*arguments: str) -> Result:
    """Run a command, whatever comes of it."""
    return CliRunner().invoke(commands, list(arguments))


def done(*arguments: str) -> str:
    """Run a command that succeeds; return what it says."""
    result = run(*arguments)
    assert result.exit_code == 0, (result.output, result.exception)
    return result.output


def refused(*arguments: str) -> str:
    """Run a command that a user must mend; return what it says."""
    result = run(*arguments)
    assert isinstance(result.exception, AssistifyError), (result.output, result.exception)
    return str(result.exception)
