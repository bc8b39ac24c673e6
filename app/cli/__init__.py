"""The `assistify` command."""

from __future__ import annotations

import sys

import typer
from rich.console import Console

from app.cli import data, doctor, models, serve
from app.errors import AssistifyError

app = typer.Typer(no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False)
serve.register(app)
data.register(app)
models.register(app)
doctor.register(app)


def main() -> None:
    """Run the command; what a user can mend is one line on standard error and exit code 1."""
    try:
        app()
    except AssistifyError as error:
        Console(stderr=True).print(f"[bold red]error:[/] {error}", highlight=False)
        sys.exit(1)
