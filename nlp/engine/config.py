"""The shape of a T5 model, read from a Hugging Face `config.json`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from nlp.engine.request import ModelLoadError

ACTIVATIONS = ("relu", "gelu", "gelu_new", "silu")
DEFAULT_WINDOW = 512  # tokens; T5 v1.1 configs carry no n_positions


@dataclass(frozen=True, slots=True)
class T5Config:
    """What the forward pass needs to know; `window` is the longest prompt in tokens."""

    vocab_size: int
    d_model: int
    d_kv: int
    d_ff: int
    encoder_layers: int
    decoder_layers: int
    heads: int
    buckets: int
    max_distance: int
    epsilon: float
    activation: str
    gated: bool
    scale_outputs: bool
    start_id: int
    eos_id: int
    pad_id: int
    window: int

    @property
    def feed_inputs(self) -> tuple[str, ...]:
        """The names of a feed-forward's input matrices."""
        return ("wi_0", "wi_1") if self.gated else ("wi",)

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> T5Config:
        """Read a `config.json`. Raises ModelLoadError when it is not one of a T5 or lacks a field."""
        if data.get("model_type") != "t5":
            raise ModelLoadError(f"config.json says model_type {data.get('model_type')!r}; the engine runs 't5' only")
        activation, gated = _activation(str(data.get("feed_forward_proj", "relu")))
        try:
            layers = int(data["num_layers"])
            return cls(
                vocab_size=int(data["vocab_size"]),
                d_model=int(data["d_model"]),
                d_kv=int(data["d_kv"]),
                d_ff=int(data["d_ff"]),
                encoder_layers=layers,
                decoder_layers=int(data.get("num_decoder_layers") or layers),
                heads=int(data["num_heads"]),
                buckets=int(data.get("relative_attention_num_buckets", 32)),
                max_distance=int(data.get("relative_attention_max_distance", 128)),
                epsilon=float(data.get("layer_norm_epsilon", 1e-6)),
                activation=activation,
                gated=gated,
                scale_outputs=_scale_outputs(data),
                start_id=int(data.get("decoder_start_token_id", data.get("pad_token_id", 0)) or 0),
                eos_id=int(data.get("eos_token_id", 1)),
                pad_id=int(data.get("pad_token_id", 0) or 0),
                window=int(data.get("n_positions") or DEFAULT_WINDOW),
            )
        except KeyError as error:
            raise ModelLoadError(
                f"config.json has no {error.args[0]!r}: it is not a complete T5 configuration"
            ) from error


def _activation(projection: str) -> tuple[str, bool]:
    """Split 'gated-gelu' into an activation and a flag; 'gated-gelu' means the tanh form, as in T5 v1.1."""
    gated = projection.startswith("gated-")
    name = projection.removeprefix("gated-")
    if projection == "gated-gelu":
        name = "gelu_new"
    if name not in ACTIVATIONS:
        raise ModelLoadError(f"feed_forward_proj {projection!r} is not known; known are {', '.join(ACTIVATIONS)}")
    return name, gated


def _scale_outputs(data: Mapping[str, Any]) -> bool:
    """Say whether the decoder's output is scaled by d_model**-0.5 before the LM head.

    transformers 5 writes `tie_word_embeddings: true` for every T5 and keeps the old meaning of that field in
    `scale_decoder_outputs`; files written by older versions have the first field alone.
    """
    if "scale_decoder_outputs" in data:
        return bool(data["scale_decoder_outputs"])
    return data.get("tie_word_embeddings") is not False
