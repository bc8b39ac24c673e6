"""The `assistify` command."""

from __future__ import annotations

import sys

import typer
from rich.console import Console
from rich.markup import escape

from app.cli.bench import register as register_bench
from app.cli.channels import register as register_channels
from app.cli.data import register as register_data
from app.cli.doctor import register as register_doctor
from app.cli.models import register as register_models
from app.cli.serve import register as register_serve
from app.cli.shopify import register as register_shopify
from app.cli.simulate import register as register_simulate
from app.cli.versions import register as register_versions
from app.errors import AssistifyError

commands = typer.Typer(no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False)
register_serve(commands)
register_data(commands)
register_channels(commands)
register_shopify()
register_simulate(commands)
register_models(commands)
register_versions(commands)
register_doctor(commands)
register_bench(commands)


def main() -> None:
    """Run the command; what a user can mend is one line on standard error and exit code 1."""
    try:
        commands()
    except AssistifyError as error:
        Console(stderr=True).print(f"[bold red]error:[/] {escape(str(error))}", highlight=False)
        sys.exit(1)
