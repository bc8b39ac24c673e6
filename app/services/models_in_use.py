"""Which version of a model is loaded: the active one if its files are those that were added, else the one before it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from app.domain.model_version import ModelVersion, Task
from app.services.model_versions import (
    SHIPPED,
    ModelChangedError,
    active_of,
    check_unchanged,
    directory_by_hand,
    earlier_ones,
)
from app.settings import Settings
from nlp.engine.request import ModelLoadError
from nlp.model_files import ModelFilesError

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Source:
    """Where a model is loaded from; without a directory it is the one that ships. `pointers`: of a responder."""

    directory: Path | None = None
    pointers: bool = False


@dataclass(frozen=True, slots=True)
class PassedOver:
    """A version that is active and cannot be used; `instead` is what was loaded in its place."""

    version: ModelVersion
    reason: str
    instead: str

    def __str__(self) -> str:
        return f"{self.version.task} version {self.version.version} is not used, but {self.instead}: {self.reason}"


class ModelsInUse:
    """The versions as they are known at the start of a process; `passed_over` grows as models are loaded."""

    def __init__(self, settings: Settings, known: Sequence[ModelVersion]) -> None:
        self._settings = settings
        self._known = known
        self.passed_over: list[PassedOver] = []

    def load(self, task: Task, load: Callable[[Source], T]) -> T:
        """Load the model of a task; blocks.

        A directory that is set by hand is the only one that is tried. Else it is the active version, what was active
        before, and in the end the one that ships.

        Raises: what `load` raises, from the last one that is tried.
        """
        by_hand = directory_by_hand(self._settings, task)
        if by_hand is not None:
            return load(Source(by_hand, self._settings.responder_pointers))
        active = active_of(self._known, task)
        reasons: list[str] = []
        for version in [] if active is None else [active, *earlier_ones(self._known, active)]:
            try:
                check_unchanged(version)
                loaded = load(Source(Path(version.location), version.pointers))
            except (ModelFilesError, ModelLoadError, ModelChangedError) as error:
                reasons.append(str(error))
            else:
                self._note(active, reasons, version.version)
                return loaded
        loaded = load(Source())
        self._note(active, reasons, SHIPPED)
        return loaded

    def _note(self, active: ModelVersion | None, reasons: Sequence[str], instead: str) -> None:
        if active is not None and reasons:
            self.passed_over.append(PassedOver(active, reasons[0], instead))
