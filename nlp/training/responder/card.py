"""The model card of the starter responder: recipe, data, scores and sampled answers."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass

from nlp.evaluation.responder import Answer, Scores
from nlp.prompt import Speaker, facts_in
from nlp.training.responder.recipe import SIZES, Settings

SAMPLES = 50


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a model comes from: the run's settings, its data and how far it went."""

    settings: Settings
    steps: int
    parameters: int
    examples: int
    data_sha256: str
    vocabulary: int
    note: str = ""  # how the run departed from the recipe


def card(origin: Origin, scores: Scores, answers: Sequence[Answer], seed: int) -> str:
    """Write the card; the samples are drawn from `answers` by `seed`."""
    settings, size = origin.settings, SIZES[origin.settings.size]
    sampled = random.Random(seed).sample(list(answers), min(SAMPLES, len(answers)))
    lines = [
        "# Starter responder",
        "",
        "A small T5 (gated GELU, tied embeddings) that puts a shop's facts into words. It was trained from scratch on",
        "dialogues that this project generates (`nlp/training/responder`); it has seen no other text. Literals are",
        "pointers: the model emits the typed sentinel of a fact (`nlp/grounding.py`), never its digits.",
        "",
        "It answers in English, in one to four sentences, and knows only the situations of `nlp/situations.py`. It is",
        "meant to be used with the pointer constraint, with the sentences it was taught (`sentences.json`, of which an",
        "answer may hold those whose facts are there), and with the check of `unfounded_literals` after it.",
        "",
        "## Recipe",
        "",
        "Rebuild it with `python -m nlp.training.responder`.",
        "",
        "| | |",
        "|---|---|",
        f"| size | {settings.size}: {size.encoder_layers} + {size.decoder_layers} layers, width {size.d_model}, "
        f"{origin.parameters / 1e6:.1f} million parameters, fp16 |",
        f"| vocabulary | {origin.vocabulary} Unigram pieces, keys of facts and 100 sentinels |",
        f"| data | {origin.examples} generated dialogues, sha256 `{origin.data_sha256}` |",
        f"| training | {origin.steps} steps of about {settings.tokens_per_batch} tokens, AdamW, "
        f"rate {settings.rate:g} ({settings.embedding_rate:g} for embeddings), averaged weights |",
        f"| seed | {settings.seed} |",
        "",
        *([origin.note, ""] if origin.note else []),
        "## Scores",
        "",
        f"On {scores.cases} dialogues of shops, products and ways of asking that were kept out of the training:",
        "",
        "| | |",
        "|---|---|",
        f"| faithful, with the pointer constraint | {scores.faithful:.1%} |",
        f"| faithful, without it | {scores.faithful_unconstrained:.1%} |",
        f"| names the right fact | {scores.right_fact:.1%} |",
        f"| names exactly the facts of the reference | {scores.all_facts:.1%} |",
        f"| made of sentences that the facts allow | {scores.consistent:.1%} |",
        f"| perplexity per token | {scores.perplexity:.2f} |",
        "",
        f"## {len(sampled)} sampled answers",
        "",
        f"Drawn by seed {seed} from the held-out dialogues, decoded greedily.",
        "",
    ]
    for number, answer in enumerate(sampled, start=1):
        lines += _sample(number, answer)
    return "\n".join(lines)


def _sample(number: int, answer: Answer) -> list[str]:
    head, *rest = answer.case.prompt.split("\n")
    turns = [line for line in rest if line.startswith(tuple(f"{speaker}:" for speaker in Speaker))]
    act, mood = head.split(" ")[3], head.split(" ")[5]
    facts = [f"{fact.key} = {fact.value}" for fact in facts_in(answer.case.prompt, answer.case.literals)]
    said = [f"   > {turn.replace('<', '&lt;')}  " for turn in turns]
    about = ", ".join([answer.case.situation, act, mood])
    known = ["", f"   Facts: {'; '.join(facts)}"] if facts else []
    return [f"{number}. _{about}_", "", *said, f"   > **bot: {answer.text}**", *known, ""]
