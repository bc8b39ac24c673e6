"""Transformer directories of a few thousand weights, made on the spot."""

from __future__ import annotations

from pathlib import Path

import torch
from tokenizers import Tokenizer, models, pre_tokenizers, processors
from transformers import (
    DistilBertConfig,
    DistilBertModel,
    PreTrainedConfig,
    PreTrainedModel,
    PreTrainedTokenizerFast,
    RobertaConfig,
    RobertaModel,
)

SPECIAL = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]


def write_tiny_model(directory: Path, kind: str, words: list[str]) -> Path:
    """Write an untrained base model, `distilbert` or `roberta`, with a vocabulary of whole words."""
    torch.manual_seed(0)
    vocabulary = {word: index for index, word in enumerate([*SPECIAL, *sorted(set(words))])}
    tokenizer = Tokenizer(models.WordLevel(vocabulary, unk_token="[UNK]"))
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    tokenizer.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]", special_tokens=[("[CLS]", 2), ("[SEP]", 3)]
    )
    fast = PreTrainedTokenizerFast(  # type: ignore[no-untyped-call]
        tokenizer_object=tokenizer,
        pad_token="[PAD]",
        unk_token="[UNK]",
        cls_token="[CLS]",
        sep_token="[SEP]",
        model_input_names=["input_ids", "attention_mask"],
        model_max_length=32,
    )
    fast.save_pretrained(directory)
    _model(kind, len(vocabulary)).save_pretrained(directory)
    return directory


def _model(kind: str, vocabulary: int) -> PreTrainedModel:
    config: PreTrainedConfig
    if kind == "distilbert":
        config = DistilBertConfig(
            vocab_size=vocabulary, dim=32, n_heads=2, hidden_dim=64, n_layers=1, max_position_embeddings=64
        )
        return DistilBertModel(config)
    config = RobertaConfig(
        vocab_size=vocabulary,
        hidden_size=32,
        num_attention_heads=2,
        intermediate_size=64,
        num_hidden_layers=1,
        max_position_embeddings=64,
        pad_token_id=0,
        type_vocab_size=1,
    )
    return RobertaModel(config)
