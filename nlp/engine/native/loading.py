"""The compiled kernels, called through ctypes: the interpreter lock is free while one runs."""

from __future__ import annotations

import ctypes
import logging
from functools import cache
from importlib.util import find_spec

log = logging.getLogger(__name__)

MODULE = "nlp.engine.native._t5"

_Pointer, _Int = ctypes.c_void_p, ctypes.c_int32


class Shape(ctypes.Structure):
    """`t5_shape` of t5.h: sizes in numbers, layers, tokens and threads."""

    _fields_ = (
        ("vocabulary", _Int),
        ("d_model", _Int),
        ("d_kv", _Int),
        ("d_ff", _Int),
        ("heads", _Int),
        ("encoder_layers", _Int),
        ("decoder_layers", _Int),
        ("activation", _Int),
        ("gated", _Int),
        ("slots", _Int),
        ("max_tokens", _Int),
        ("window", _Int),
        ("threads", _Int),
        ("epsilon", ctypes.c_float),
    )


# Arguments and results as t5.h declares them.
_FUNCTIONS: dict[str, tuple[list[type], type | None]] = {
    "t5_check_linear": (
        [_Int, _Int, _Int, _Int, _Int, _Pointer, _Pointer, _Pointer, ctypes.c_float, _Pointer],
        ctypes.c_int,
    ),
    "t5_check_store": ([_Int, _Int, _Pointer, _Pointer, _Pointer, _Pointer, _Pointer], ctypes.c_int),
    "t5_check_prompt": ([_Int, _Int, _Int, _Int, _Pointer, _Pointer, _Pointer], ctypes.c_int),
    "t5_seconds": ([_Pointer, ctypes.POINTER(ctypes.c_double)], None),
    "t5_supported": ([], ctypes.c_int),
    "t5_new": ([ctypes.POINTER(Shape)], _Pointer),
    "t5_free": ([_Pointer], None),
    "t5_set_matrix": ([_Pointer, _Int, _Int, _Int, _Pointer, _Pointer], ctypes.c_int),
    "t5_set_tables": ([_Pointer, _Pointer, _Pointer, _Pointer], None),
    "t5_set_prompt_length": ([_Pointer, _Int, _Int], None),
    "t5_decode": ([_Pointer, _Int, _Pointer, _Pointer, _Pointer, _Int, _Pointer, _Pointer], ctypes.c_int),
    "t5_encode_project": ([_Pointer, _Int, _Pointer, _Int, _Pointer], ctypes.c_int),
    "t5_encode_attend": ([_Pointer, _Pointer, _Int, _Pointer, _Pointer, _Pointer, _Pointer, _Pointer], None),
    "t5_encode_finish": ([_Pointer, _Int, _Pointer, _Pointer, _Int], ctypes.c_int),
    "t5_store_prompt": ([_Pointer, _Int, _Pointer, _Int, _Pointer, _Pointer], ctypes.c_int),
}


@cache
def load() -> ctypes.CDLL | None:
    """Load the kernels. Returns None where they were not built, or the processor has no AVX-512 VNNI."""
    found = find_spec(MODULE)
    if found is None or found.origin is None:
        log.info("the compiled int8 kernels were not built; torch computes instead, slower")
        return None
    try:
        library = ctypes.CDLL(found.origin)
    except OSError as error:  # built for another system or C library
        log.warning("the compiled int8 kernels cannot be loaded, torch computes instead: %s", error)
        return None
    for name, (arguments, result) in _FUNCTIONS.items():
        function = getattr(library, name)  # unlike library[name], kept
        function.argtypes, function.restype = arguments, result
    return library if library.t5_supported() else None
