"""The folder that a command writes its result to: a new one, whole or not at all."""

from __future__ import annotations

import fcntl
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path

from safetensors import SafetensorError

from app.errors import ConfigurationError
from app.settings import Settings

_UNFINISHED = ".unfinished-"
_LOCK = "lock"


@contextmanager
def new_folder(name: str, out: Path | None, settings: Settings) -> Iterator[tuple[Path, Path]]:
    """Yield the folder to write into, and the one it becomes when the body has ended well.

    Without `out` it is one of its own under the var folder: a version that is in use is never written over.

    Raises: ConfigurationError when there is something already, or the folder cannot be written to.
    """
    target = (out or _unused(settings.var_dir / "models", name)).resolve()
    if target.is_file() or (target.is_dir() and any(target.iterdir())):
        raise ConfigurationError(f"{target} is not empty: name a new folder")
    unfinished = target.parent / f"{_UNFINISHED}{os.getpid()}"
    work = unfinished / target.name  # model cards name the folder
    try:
        _sweep(target.parent)
        work.mkdir(parents=True)
        with _in_use(unfinished):
            yield work, target
            _open_to_readers(work)
            if target.is_dir():
                target.rmdir()
            work.replace(target)
    except (OSError, SafetensorError) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        raise ConfigurationError(f"nothing was written to {target}: {reason}") from error
    finally:
        shutil.rmtree(unfinished, ignore_errors=True)


@contextmanager
def _in_use(folder: Path) -> Iterator[None]:
    """Hold a lock in a folder, which ends with the process, however that ends; raise BlockingIOError where one is."""
    with (folder / _LOCK).open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield


def _sweep(parent: Path) -> None:
    """Remove what commands left that were killed."""
    for left in parent.glob(f"{_UNFINISHED}*"):
        if (left / _LOCK).is_file():
            with suppress(BlockingIOError), _in_use(left):
                shutil.rmtree(left, ignore_errors=True)


def _open_to_readers(folder: Path) -> None:
    """Give files the folder's rights: some libraries write what only its owner may read, and workers may be others."""
    rights = folder.stat().st_mode & 0o666
    for path in folder.rglob("*"):
        if path.is_file():
            path.chmod(rights)


def _unused(folder: Path, name: str) -> Path:
    return folder / f"{name}-{datetime.now(UTC):%Y%m%d-%H%M%S}"
