"""What a training shows on the terminal."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn

Update = Callable[[float, str], None]
"""Takes the share that is done, and the step."""


@contextmanager
def training_bar(title: str, console: Console) -> Iterator[Update]:
    """Show how far a training is; one that ends early is whole too."""
    columns = (TextColumn("{task.description}"), BarColumn(), TextColumn("{task.percentage:>3.0f} %"))
    with Progress(*columns, console=console) as bar:
        shown = bar.add_task(title, total=1.0)
        yield lambda share, step: bar.update(shown, completed=share, description=f"{title}: {step}")
        bar.update(shown, completed=1.0, description=f"{title}: done")


def quiet_transformers() -> None:
    """Keep the library's own progress bars off the terminal."""
    from transformers.utils import logging  # seconds to import

    logging.disable_progress_bar()  # type: ignore[no-untyped-call]
