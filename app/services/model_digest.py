"""What the files of a model are, in one figure: the same weights, labels and tokenizer, or not."""

from __future__ import annotations

import hashlib
from pathlib import Path

_LOADED = frozenset({".json", ".model", ".safetensors", ".txt"})  # a model card is for people


def digest_of(directory: Path) -> str:
    """Return a sha256 over names and contents of what is loaded from a directory, in hexadecimal digits; blocks.

    Raises: OSError when it cannot be read, or nothing of a model is in it.
    """
    digest = hashlib.sha256()
    files = sorted(path for path in directory.iterdir() if path.suffix in _LOADED and path.is_file())
    if not files:
        raise FileNotFoundError(f"no model in {directory}")
    for path in files:
        with path.open("rb") as file:
            content = hashlib.file_digest(file, "sha256").hexdigest()
        digest.update(f"{path.name}\0{content}\n".encode())
    return digest.hexdigest()
