"""How an engine is set up."""

from __future__ import annotations

from dataclasses import dataclass

from nlp.engine.quantize import Dtype


@dataclass(frozen=True, slots=True)
class EngineSettings:
    """Sizes and limits. Raises ValueError for int8 off the CPU.

    The cache takes slots * (window + max_tokens) positions of memory, touched when used.
    """

    dtype: Dtype = "fp32"
    slots: int = 16  # replies decoded at once
    max_waiting: int = 256  # requests queued beyond that, then they are refused
    max_tokens: int = 256  # the longest answer a request may ask for
    window: int | None = None  # tokens of the longest prompt; None: what the model's config says
    encode_tokens: int = 256  # prompt tokens of one encoder pass, unless one prompt alone has more
    stall_per_reply_s: float = 0.005  # what encoding may add between two tokens of running replies, per newcomer
    max_stall_s: float = 0.06  # and at most, however many come at once
    guess_rows: int = 16  # guessed tokens one decoder pass may verify, all replies together; 0: no speculation
    threads: int | None = None  # of matrix products; None: torch's default
    niceness: int = 0  # by how much the engine's thread lets others have the processor first, on Linux
    device: str = "cpu"
    native: bool = True  # int8 by compiled kernels where the processor can; False: by torch everywhere

    def __post_init__(self) -> None:
        if self.dtype == "int8" and self.device != "cpu":
            raise ValueError(f"dtype int8 runs on the CPU, device is {self.device!r}: take bf16 there")
