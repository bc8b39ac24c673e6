"""Write a trained model as a directory that any Hugging Face loader and the engine can read."""

from __future__ import annotations

import json
from pathlib import Path

import msgspec
from safetensors.torch import save_file
from tokenizers import Tokenizer
from transformers import T5ForConditionalGeneration

from nlp.sentences import SENTENCES_FILE, Table
from nlp.training.responder.vocabulary import EOS, PAD, UNKNOWN


def export(model: T5ForConditionalGeneration, tokenizer: Tokenizer, sentences: Table, folder: Path) -> None:
    """Write fp16 weights, config, tokenizer, the settings of generation, and the sentences that were taught."""
    folder.mkdir(parents=True, exist_ok=True)
    state = model.state_dict()
    # The embedding is stored once: encoder, decoder and output share it.
    shared = {"encoder.embed_tokens.weight", "decoder.embed_tokens.weight", "lm_head.weight"}
    weights = {name: tensor.half().contiguous() for name, tensor in state.items() if name not in shared}
    save_file(weights, folder / "model.safetensors", metadata={"format": "pt"})
    (folder / "model.safetensors").chmod(0o644)
    config = model.config.to_diff_dict()
    config |= {"architectures": ["T5ForConditionalGeneration"], "dtype": "float16", "tie_word_embeddings": True}
    _write(folder / "config.json", config)
    _write(
        folder / "generation_config.json",
        {"decoder_start_token_id": 0, "eos_token_id": 1, "pad_token_id": 0, "max_new_tokens": 128},
    )
    _write(
        folder / "tokenizer_config.json",
        {"tokenizer_class": "PreTrainedTokenizerFast", "pad_token": PAD, "eos_token": EOS, "unk_token": UNKNOWN,
         "clean_up_tokenization_spaces": False, "model_max_length": 512},
    )  # fmt: skip
    tokenizer.save(str(folder / "tokenizer.json"))
    (folder / SENTENCES_FILE).write_bytes(msgspec.json.encode(sentences))


def _write(path: Path, value: object) -> None:
    path.write_text(json.dumps(value, indent=2) + "\n", encoding="utf-8")
