"""The recipe: sizes of the model, amounts of data and the settings of the training."""

from __future__ import annotations

from dataclasses import dataclass

SEED = 20
VOCABULARY = 8192
TRAIN_EXAMPLES = 160_000
HELD_OUT_EXAMPLES = 3_000
VOCABULARY_EXAMPLES = 60_000  # of the training examples, read to make the vocabulary


@dataclass(frozen=True, slots=True)
class Size:
    """Shape of a T5 with gated GELU and tied embeddings."""

    d_model: int
    d_ff: int
    d_kv: int
    heads: int
    encoder_layers: int
    decoder_layers: int


SIZES = {
    "small": Size(d_model=256, d_ff=512, d_kv=64, heads=4, encoder_layers=3, decoder_layers=2),
    "large": Size(d_model=384, d_ff=1024, d_kv=64, heads=6, encoder_layers=4, decoder_layers=4),
}


@dataclass(frozen=True, slots=True)
class Settings:
    """Settings of one training run. The rate is constant after the warm-up and falls to zero over the last part."""

    size: str = "small"
    steps: int = 4_450  # as the shipped model was trained; its card says how its data was drawn
    tokens_per_batch: int = 1_536  # prompt and answer, padding counted in
    rate: float = 1.5e-3
    embedding_rate: float = 8e-3  # embeddings and norms start at a scale of 1, the other weights near 0.06
    # T5 does not scale its dot products; its query weights start at 0.008 instead. At the rate of the other weights
    # they grow until attention is one-hot (measured: 0.02 nats of 3.2) and the words of the question are not read.
    query_rate: float = 2e-4
    warmup: int = 300
    decay_share: float = 0.4
    clip: float = 1.0
    dropout: float = 0.0  # every example is seen about once
    average: float = 0.998  # per step, of the averaged weights that are exported
    checkpoint_every: int = 100
    seed: int = SEED
