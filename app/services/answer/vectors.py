"""Vectors of the shops' texts, each encoded once: a catalogue that changed in one product costs the vectors of that."""

from __future__ import annotations

import hashlib
import os
import threading
from collections import OrderedDict
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import numpy as np
import safetensors
import safetensors.numpy
import structlog

from app.services.answer.shared_work import StoppedError
from nlp.model_files import Vectors
from nlp.retrieval import Encodes

log = structlog.get_logger(__name__)

KEPT = 50_000  # vectors of 1.5 kB, those that were asked for last
AT_ONCE = 256  # texts of one call of the encoder: as long, a catalogue that is being encoded cannot be stopped
SAVED_EVERY = 4096  # new vectors: so many are lost at most with a process
_KEY_BYTES: Final = 16


class TextVectors:
    """An encoder that knows the vectors of texts it has had; may be asked from several threads.

    In a `file` they outlive the process. Texts are known by their hash: what they say is kept nowhere.
    """

    def __init__(self, encoder: Encodes, kept: int = KEPT, file: Path | None = None) -> None:
        self._encoder = encoder
        self._most = kept
        self._file = file
        self._kept: OrderedDict[bytes, Vectors] = OrderedDict()
        self._lock = threading.Lock()
        self._filing = threading.Lock()
        self._is_stopped = False
        self._is_read = file is None
        self._unsaved = 0

    def encode(self, texts: Sequence[str]) -> Vectors:
        """Return one vector of length 1 per text, [N, 384]; of what is not known, each is encoded once.

        Raises: StoppedError.
        """
        if not texts:
            return self._encoder.encode([])
        keys = [_key(text) for text in texts]
        known = self._known(keys)
        missing = {key: text for key, text in zip(keys, texts, strict=True) if key not in known}
        new = list(missing)
        for start in range(0, len(new), AT_ONCE):
            if self._is_stopped:
                raise StoppedError
            part = new[start : start + AT_ONCE]
            known |= self._keep(part, self._encoder.encode([missing[key] for key in part]))
            if self._unsaved >= SAVED_EVERY:
                self.save()
        return np.stack([known[key] for key in keys])

    def stop(self) -> None:
        """Let no encoding go on for longer than one call of the encoder."""
        self._is_stopped = True

    def read(self) -> None:
        """Take over what the file holds, once; blocks. Without one, or with one that cannot be read, all is encoded."""
        with self._filing:
            if self._is_read or self._file is None:
                return
            self._is_read = True
            try:
                stored = safetensors.numpy.load_file(self._file)
                keys = stored["keys"].tobytes()
                names = [keys[start : start + _KEY_BYTES] for start in range(0, len(keys), _KEY_BYTES)]
                self._keep(names, stored["vectors"])
            except FileNotFoundError:
                return
            except (OSError, KeyError, ValueError, safetensors.SafetensorError) as error:
                log.warning("vectors could not be read", action="vectors_unreadable", error=type(error).__name__)
                return
            self._unsaved = 0

    def save(self) -> None:
        """Write what is known whole or not at all, if something new is; blocks."""
        if self._file is None:
            return
        with self._filing:
            with self._lock:
                known, is_new, self._unsaved = dict(self._kept), self._unsaved > 0, 0
            if not is_new:
                return
            keys = np.frombuffer(b"".join(known), dtype=np.uint8)
            unfinished = self._file.with_suffix(f".{os.getpid()}.tmp")  # another worker may write too
            try:
                self._file.parent.mkdir(parents=True, exist_ok=True)
                safetensors.numpy.save_file({"keys": keys, "vectors": np.stack(list(known.values()))}, unfinished)
                unfinished.replace(self._file)
            except (OSError, safetensors.SafetensorError) as error:
                # They are in memory; only the next start takes longer.
                log.warning("vectors could not be kept", action="vectors_not_kept", error=type(error).__name__)

    def _known(self, keys: Sequence[bytes]) -> dict[bytes, Vectors]:
        with self._lock:
            known = {key: self._kept[key] for key in keys if key in self._kept}
            for key in known:
                self._kept.move_to_end(key)
        return known

    def _keep(self, keys: Sequence[bytes], vectors: Vectors) -> dict[bytes, Vectors]:
        # Copies: a view of one row would keep all rows in memory.
        rows = {key: row.copy() for key, row in zip(keys, vectors, strict=True)}
        with self._lock:
            self._kept.update(rows)
            self._unsaved += len(rows)
            while len(self._kept) > self._most:
                self._kept.popitem(last=False)
        return rows


def _key(text: str) -> bytes:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest()[:_KEY_BYTES]
