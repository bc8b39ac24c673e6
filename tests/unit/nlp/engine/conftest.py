"""A small Unigram tokenizer and tiny random T5 models, written as Hugging Face directories."""

from __future__ import annotations

import json
import string
from pathlib import Path

import pytest
import torch
from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers
from tokenizers.processors import TemplateProcessing
from transformers import T5Config, T5ForConditionalGeneration

from nlp.engine.native import loading
from nlp.engine.vocabulary import Vocabulary

SENTENCE = (
    "the your order is on way parcel comes with code costs and we can you back to hello thanks for it by tracking"
)
WORDS = SENTENCE.split()
EXTRA = ["é", "ß", "日", "本", "🚚", "👍", "½", "12", "▁20", "3rd", "ing", "er"]
VOCAB = 400  # logits: more than the tokenizer has pieces, as in t5-base


def make_tokenizer(*, byte_fallback: bool = False, prepend: str = "always") -> Tokenizer:
    """Build a tokenizer as T5's: <pad>, </s>, <unk>, pieces, and sentinels as added special tokens.

    With `prepend` "first", a space is put before the text alone and not after each sentinel.
    """
    pieces = [("<pad>", 0.0), ("</s>", 0.0), ("<unk>", 0.0)]
    if byte_fallback:
        pieces += [(f"<0x{value:02X}>", -20.0) for value in range(256)]
    pieces += [("▁", -3.0)]
    pieces += [(f"▁{word}", -4.0) for word in WORDS]
    pieces += [(character, -8.0) for character in string.ascii_letters + string.digits + string.punctuation]
    pieces += [(piece, -6.0) for piece in EXTRA]
    tokenizer = Tokenizer(models.Unigram(pieces, unk_id=2, byte_fallback=byte_fallback))
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace(prepend_scheme=prepend)
    metaspace = decoders.Metaspace(prepend_scheme=prepend)
    tokenizer.decoder = decoders.Sequence([decoders.ByteFallback(), metaspace]) if byte_fallback else metaspace
    special = ["<pad>", "</s>", "<unk>", *(f"<extra_id_{k}>" for k in range(100))]
    tokenizer.add_special_tokens([AddedToken(token, special=True, normalized=False) for token in special])
    tokenizer.post_processor = TemplateProcessing(single="$A </s>", special_tokens=[("</s>", 1)])
    return tokenizer


def save_model(directory: Path, *, gated: bool, tied: bool) -> Path:
    """Write a tiny random T5: v1.0 (ReLU, tied) or v1.1 (gated GELU, own LM head)."""
    torch.manual_seed(7)
    config = T5Config.from_dict(
        {
            "vocab_size": VOCAB,
            "d_model": 48,
            "d_kv": 16,
            "d_ff": 96,
            "num_layers": 2,
            "num_decoder_layers": 3,
            "num_heads": 4,
            "relative_attention_num_buckets": 8,
            "relative_attention_max_distance": 20,
            "feed_forward_proj": "gated-gelu" if gated else "relu",
            "tie_word_embeddings": tied,
            "decoder_start_token_id": 0,
            "dropout_rate": 0.0,
            "initializer_factor": 2.0,
        }
    )
    model = T5ForConditionalGeneration(config)
    if not tied:
        model.lm_head.weight = torch.nn.Parameter(torch.randn(VOCAB, 48))
    model.save_pretrained(directory)
    settings = json.loads((directory / "config.json").read_text())
    settings["tie_word_embeddings"] = tied
    (directory / "config.json").write_text(json.dumps(settings))
    make_tokenizer().save(str(directory / "tokenizer.json"))
    return directory


@pytest.fixture(scope="session")
def tokenizer() -> Tokenizer:
    return make_tokenizer()


@pytest.fixture(scope="session")
def vocabulary(tokenizer: Tokenizer) -> Vocabulary:
    return Vocabulary.of(tokenizer, VOCAB, 1)


@pytest.fixture(scope="session")
def relu_tied(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_model(tmp_path_factory.mktemp("v10"), gated=False, tied=True)


@pytest.fixture(scope="session")
def gated_untied(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_model(tmp_path_factory.mktemp("v11"), gated=True, tied=False)


@pytest.fixture(params=[True, False], ids=["native", "torch"])
def native(request: pytest.FixtureRequest) -> bool:
    """Whether int8 is computed by the compiled kernels or by torch; a test that asks for this runs with both."""
    if request.param and loading.load() is None:
        pytest.skip("the kernels were not built, or do not run on this processor")
    return bool(request.param)
