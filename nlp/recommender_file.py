"""A recommender on disk: one safetensors file, no pickle."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import numpy as np
import safetensors
import safetensors.numpy

from nlp.model_files import ModelFilesError
from nlp.recommender import Recommender, RecommenderModel

FORMAT = "assistify-recommender-1"
_ARRAYS = (
    "consumable",
    "popularity",
    "item_vectors",
    "item_biases",
    "user_vectors",
    "together_items",
    "together_shares",
)


def save_recommender(model: RecommenderModel, path: Path) -> Recommender:
    """Write the model whole or not at all, and return it with the version it has on disk."""
    names = {
        "item_ids": model.item_ids,
        "titles": model.titles,
        "user_ids": model.user_ids,
        "bought": model.bought,
        "algorithm": model.algorithm,
    }
    arrays = {name: np.ascontiguousarray(getattr(model, name)) for name in _ARRAYS}
    # One entry: safetensors writes several in an order that changes from run to run, and the bytes are hashed.
    content = safetensors.numpy.save(arrays, {FORMAT: json.dumps(names)})
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_suffix(".tmp")
    unfinished.write_bytes(content)
    unfinished.replace(path)
    return Recommender(model, _version(content))


def load_recommender(path: Path) -> Recommender:
    """Read a model written by `save_recommender`.

    Raises:
        ModelFilesError: there is no such file, or it is of another kind.
    """
    try:
        content = path.read_bytes()
        with safetensors.safe_open(path, framework="numpy") as file:
            metadata = file.metadata() or {}
        arrays = safetensors.numpy.load(content)
    except (OSError, safetensors.SafetensorError) as error:
        raise ModelFilesError(f"cannot read the recommender {path}: {error}") from error
    if FORMAT not in metadata:
        raise ModelFilesError(f"{path} holds {sorted(metadata) or 'no description'}, expected {FORMAT}")
    names = json.loads(metadata[FORMAT])
    model = RecommenderModel(
        item_ids=tuple(names["item_ids"]),
        titles=tuple(names["titles"]),
        user_ids=tuple(names["user_ids"]),
        bought={user: tuple(rows) for user, rows in names["bought"].items()},
        algorithm=names["algorithm"],
        **{name: arrays[name] for name in _ARRAYS},
    )
    return Recommender(model, _version(content))


def _version(content: bytes) -> str:
    return f"recommender-{hashlib.sha256(content).hexdigest()[:12]}"
