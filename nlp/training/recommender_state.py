"""What LightFM knows inside, kept between trainings, so that the next one goes on instead of beginning anew."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import safetensors
import safetensors.numpy
from numpy.typing import NDArray

FORMAT: Final = "assistify-lightfm-1"
_SIDES: Final = ("item", "user")
_PARTS: Final = ("embeddings", "embedding_gradients", "embedding_momentum", "biases", "bias_gradients", "bias_momentum")


@dataclass(frozen=True, slots=True, eq=False)
class FactorState:
    """Rows of the arrays are those of the features' names: an id of a user or item is a feature of its own."""

    features: dict[str, list[str]]  # by side
    arrays: dict[str, NDArray[np.float32]]

    @property
    def components(self) -> int:
        """How many factors a feature has."""
        return int(self.arrays["item_embeddings"].shape[1])

    @classmethod
    def of(cls, model: Any, item_features: list[str], user_features: list[str]) -> FactorState:
        """Read a LightFM model that was trained."""
        names = [f"{side}_{part}" for side in _SIDES for part in _PARTS]
        return cls({"item": item_features, "user": user_features}, {name: getattr(model, name) for name in names})

    def put_into(self, model: Any, item_features: list[str], user_features: list[str]) -> None:
        """Start a LightFM model from this; features that are new begin as LightFM begins, those that are gone go."""
        model._initialize(self.components, len(item_features), len(user_features))
        for side, features in (("item", item_features), ("user", user_features)):
            known = {name: row for row, name in enumerate(self.features[side])}
            kept = [(row, known[name]) for row, name in enumerate(features) if name in known]
            if not kept:
                continue
            to, source = (list(rows) for rows in zip(*kept, strict=True))
            for part in _PARTS:
                getattr(model, f"{side}_{part}")[to] = self.arrays[f"{side}_{part}"][source]

    def save(self, path: Path) -> None:
        """Write whole or not at all."""
        path.parent.mkdir(parents=True, exist_ok=True)
        unfinished = path.with_suffix(".tmp")
        arrays = {name: np.ascontiguousarray(values) for name, values in self.arrays.items()}
        unfinished.write_bytes(safetensors.numpy.save(arrays, {FORMAT: json.dumps(self.features)}))
        unfinished.replace(path)

    @classmethod
    def load(cls, path: Path) -> FactorState | None:
        """Read what `save` wrote; None where there is none, or none that can be read: training then begins anew."""
        try:
            with safetensors.safe_open(path, framework="numpy") as file:
                described = (file.metadata() or {}).get(FORMAT)
            return cls(json.loads(described), safetensors.numpy.load_file(path)) if described is not None else None
        except (OSError, safetensors.SafetensorError):
            return None
