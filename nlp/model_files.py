"""What all models are made of, for code that must not wait for torch: vectors, and the error of wrong files."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Vectors = NDArray[np.float32]


class ModelFilesError(Exception):
    """Model files are missing or are not the ones this program was tested with."""
